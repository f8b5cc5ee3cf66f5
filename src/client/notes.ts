/** Notes of calls, as the desk and crews write them. */
import type { CommandOptions } from './connection-options.ts'

export interface NoteOptions extends CommandOptions {
  /** The number of the note that this one corrects. */
  readonly corrects?: number
}

export interface AddedNote {
  readonly callId: string
  readonly noteNo: number
  readonly atMs: number
}
