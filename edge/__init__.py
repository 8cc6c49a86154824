"""One process on one box: sensors on lines, local detection, a spool on disk, MQTT upwards."""
