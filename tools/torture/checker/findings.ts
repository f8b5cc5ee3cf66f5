/** What may be found wrong, and the figure that each counts in. */

/** By figure; all of them must be zero. */
export const FINDING_KINDS = {
  'command-lost': 'acknowledgedLost',
  'outcome-differs': 'acknowledgedLost',
  'fix-lost': 'durableFixesLost',
  'command-doubled': 'doubled',
  'fix-doubled': 'doubled',
  'trip-doubled': 'doubled',
  'zombie-write': 'zombieWrites',
  'unit-unplaced': 'unplaced',
  'log-broken': 'violations',
  'segment-broken': 'violations',
  'history-changed': 'violations',
  'refused-but-done': 'violations',
  'nobody-asked': 'violations',
  'board-broken': 'violations',
  'trip-nowhere': 'violations',
  'binding-differs': 'violations',
  'unit-has-two-trips': 'violations',
  'fix-misdated': 'violations',
  'call-not-offered': 'violations',
  'readiness-untrue': 'violations',
  'not-ready': 'violations',
  'not-serving': 'violations',
  'client-not-back': 'violations',
  'client-ended': 'violations',
  'never-quiet': 'violations',
  'fault-failed': 'violations',
  'world-not-mended': 'violations',
  'check-failed': 'violations',
} as const

export type FindingKind = keyof typeof FINDING_KINDS
export type Figure = (typeof FINDING_KINDS)[FindingKind]

export interface Finding {
  readonly kind: FindingKind
  /** What it is about; findings of one kind and subject count once a run. */
  readonly about: string
  readonly text: string
}

export type Find = (kind: FindingKind, about: string, text: string) => void
