/** How much is kept of one call: what is said of it is never thrown away, so it has to end somewhere. */

/** The region holds the texts of all of its calls in memory: with 2,000 bytes each these are 400 kB of a call at most. */
export const NOTES_PER_CALL = 200
/** How often the details of a call may be replaced: each former version is kept, in the database alone. */
export const DETAILS_REPLACED_MAX = 100
