/** The bounds of the histograms. */

/** Upper bounds in milliseconds; close together where the goal for durable fixes lies. */
export const DURABLE_LAG_BUCKETS_MS = [
  1, 2, 5, 10, 20, 30, 40, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300, 325, 350, 400, 450, 500, 750, 1_000,
  2_000, 5_000, 10_000,
]
export const ARRIVAL_ERROR_BUCKETS_S = [-600, -300, -180, -120, -60, -30, 0, 30, 60, 120, 180, 300, 600, 1_200]
export const COMMIT_BUCKETS_S = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
export const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]
/** A server in the same building answers in some milliseconds; nobody waits for longer than two seconds. */
export const ROUTING_BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
export const NEAREST_BUCKETS_S = [0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05]
