/** The points of one sensor's quantity: the stored ones, then what arrives. Times in ms, oldest first. */

const GAP_INTERVALS = 5;
const GAP_LEAST_MS = 2_000;

export class Track {
  #points = [];
  #stepMs;
  #reportMs;

  /**
   * `stepMs`: between two stored points of the whole span, and so the least between two that arrive.
   * `reportMs`: the longest that the sensor reports nothing while nothing changes.
   */
  constructor(stepMs, reportMs = 0) {
    this.#stepMs = stepMs;
    this.#reportMs = reportMs;
  }

  /** The stored points come before those that arrived while they were asked for. */
  begin(stored) {
    const newest = stored.at(-1)?.[0] ?? 0;
    this.#points = stored.concat(this.#points.filter(([time]) => time > newest));
  }

  /** A reading that arrived is the end of the line; one that is already there changes nothing. */
  add(time, value) {
    const [before, last] = [this.#points.at(-2), this.#points.at(-1)];
    if (time <= (last?.[0] ?? 0)) return;
    if (before && last[0] - before[0] < this.#stepMs) this.#points.pop(); // a month in seconds would fill the memory
    this.#points.push([time, value]);
  }

  /** Columns for uPlot, in seconds. A hole much longer than the usual interval stays a hole. */
  columns(since) {
    this.#points = this.#points.filter(([time]) => time >= since);
    const points = this.#points;
    const steps = points.slice(1).map(([time], at) => time - points[at][0]).sort((one, other) => one - other);
    const usual = Math.max(this.#stepMs, steps[steps.length >> 1] ?? 0);
    const longest = Math.max(GAP_LEAST_MS, GAP_INTERVALS * usual, 2 * this.#reportMs);
    const rows = points.flatMap(([time, value], at) =>
      at > 0 && time - points[at - 1][0] > longest ? [[time - 1, null], [time, value]] : [[time, value]],
    );
    return [rows.map(([time]) => time / 1000), rows.map(([, value]) => value)];
  }
}
