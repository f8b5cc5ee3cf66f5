/** What may be refused: the value, or why not. Where the value is read in many places it has a name of its own. */
import type { ErrorCode, Refusal } from './refusal.ts'

export interface Refused {
  readonly ok: false
  readonly refusal: Refusal
}

export type Result<T> = { readonly ok: true; readonly value: T } | Refused

export const refused = (code: ErrorCode, message: string, details?: Refusal['details']): Refused => ({
  ok: false,
  refusal: details === undefined ? { code, message } : { code, message, details },
})
