/** Whether two types are the same, for forms that are written a second time and must not drift from the first. */

/** `true` when both have the same fields with the same types and the same optional ones, `readonly` or not; else `false`. */
export type IsSame<A, B> = Identical<Plain<A>, Plain<B>>

type Identical<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Plain<T> = T extends object ? { -readonly [K in keyof T]: Plain<T[K]> } : T
