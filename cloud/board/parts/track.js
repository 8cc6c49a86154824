/** The points of one sensor's quantity: the stored ones, then what arrives. Times in ms, oldest first. */

const GAP_INTERVALS = 5;
const GAP_LEAST_MS = 2_000;

export class Track {
  #points = [];

  /** The stored points come before those that arrived while they were asked for. */
  begin(stored) {
    const newest = stored.at(-1)?.[0] ?? 0;
    this.#points = stored.concat(this.#points.filter(([time]) => time > newest));
  }

  /** A reading that arrived; one that is already there changes nothing. */
  add(time, value) {
    if (time > (this.#points.at(-1)?.[0] ?? 0)) this.#points.push([time, value]);
  }

  /** Columns for uPlot, in seconds. A hole much longer than the usual interval stays a hole. */
  columns(since) {
    this.#points = this.#points.filter(([time]) => time >= since);
    const points = this.#points;
    const steps = points.slice(1).map(([time], at) => time - points[at][0]).sort((one, other) => one - other);
    const longest = Math.max(GAP_LEAST_MS, GAP_INTERVALS * (steps[steps.length >> 1] ?? 0));
    const rows = points.flatMap(([time, value], at) =>
      at > 0 && time - points[at - 1][0] > longest ? [[time - 1, null], [time, value]] : [[time, value]],
    );
    return [rows.map(([time]) => time / 1000), rows.map(([, value]) => value)];
  }
}
