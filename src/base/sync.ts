/**
 * The answer of work that is over when it returns: T, and never a promise of it.
 *
 * TypeScript takes an async function wherever one is asked for that answers `void`; it does not where one is asked for
 * that answers `void | undefined`. Checked by the compiler in test/base/sync.test.ts.
 */
export type Sync<T> = T extends PromiseLike<unknown> ? never : T | undefined
