/** What an overloaded region leaves out or puts off; each counts once. */
export const SPARED_WORK = [
  /** A hint that a newer one replaced before its turn came. */
  'hint',
  /** A move of a unit that was made public with a later one. */
  'position',
  /** A round of the map that came later than it would have. */
  'round',
  /** A frame of fixes that its sender is to send again. */
  'frame',
  /** A command or question that was refused, as the mailbox was full. */
  'command',
] as const
export type SparedWork = (typeof SPARED_WORK)[number]
