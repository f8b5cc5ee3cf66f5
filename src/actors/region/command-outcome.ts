/** The answer to a command, before its record has a position. */
import type { Refused } from '../../base/result.ts'

export type CommandResult = Readonly<Record<string, unknown>>
export type TurnOutcome = { readonly ok: true; readonly result: CommandResult } | Refused
