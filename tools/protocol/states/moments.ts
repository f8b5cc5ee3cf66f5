/** What happens by itself, as it is tried in the tables of states: every deadline when it comes, and the end of a unit. */
import { type Deadline, deadlineCame, type RegionDeadline } from '../../../src/domain/dispatch/deadlines.ts'
import type { Presence } from '../../../src/domain/dispatch/eligibility.ts'
import { HeardCount } from '../../../src/domain/dispatch/heard-count.ts'
import type { Silence } from '../../../src/domain/dispatch/mass-silence.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { quietRegion } from '../../../src/domain/region-state.ts'
import { retireUnit } from '../../../src/domain/retire.ts'
import { cellOf, type Subject } from './cell.ts'
import type { Trial } from './rows.ts'
import { REGION, START_MS, type Stage, UNIT } from './stage.ts'
import { alarmOf, PAST_OFFER, PLACE } from './values.ts'

/** By then every span of a policy is over. */
const LATER_MS = 24 * 3_600_000

const offerOf = ({ itsTrip }: Stage): string => itsTrip.offer?.offerId ?? PAST_OFFER

/** Those of the region change no trip and no unit. */
type OwnDeadline = Exclude<Deadline, RegionDeadline>

/** A deadline of each kind, about the trip and its unit. */
const DEADLINES: Readonly<Record<OwnDeadline['kind'], (stage: Stage) => Deadline>> = {
  'offer-warning': stage => ({ kind: 'offer-warning', tripId: stage.tripId, offerId: offerOf(stage) }),
  'offer-timeout': stage => ({ kind: 'offer-timeout', tripId: stage.tripId, offerId: offerOf(stage) }),
  'position-lost': stage => ({ kind: 'position-lost', tripId: stage.tripId, offerId: offerOf(stage) }),
  'no-movement': ({ tripId }) => ({ kind: 'no-movement', tripId }),
  'past-eta': ({ tripId }) => ({ kind: 'past-eta', tripId }),
  wheels: ({ tripId }) => ({ kind: 'wheels', tripId }),
  'waiting-long': ({ tripId }) => ({ kind: 'waiting-long', tripId }),
  'next-round': ({ tripId }) => ({ kind: 'next-round', tripId }),
  'position-old': ({ tripId }) => ({ kind: 'position-old', tripId }),
  'position-back': ({ tripId }) => ({ kind: 'position-back', tripId }),
  'alarm-unanswered': stage => ({
    kind: 'alarm-unanswered',
    tripId: stage.tripId,
    alarmId: alarmOf(stage, 'trip'),
  }),
  'unit-alarm-unanswered': stage => ({
    kind: 'unit-alarm-unanswered',
    unitId: UNIT,
    alarmId: alarmOf(stage, 'unit'),
  }),
  'disconnect-grace': () => ({ kind: 'disconnect-grace', unitId: UNIT }),
  'withdraw-pause': () => ({ kind: 'withdraw-pause', unitId: UNIT }),
  'stand-down-unheard': () => ({ kind: 'stand-down-unheard', unitId: UNIT }),
}

/** The unit's app has been away since the start, and so its last fix is of then, but for the deadline of a fix that came. */
function presenceAt(kind: OwnDeadline['kind'], nowMs: number): Presence {
  const fixedAtMs = kind === 'position-back' ? nowMs : START_MS
  const fix = { ...PLACE, seq: 1, streamId: 'phone-1', fixedAtMs, accuracyM: null, speedMps: null, headingDeg: null }
  return { disconnectedSinceMs: START_MS, fix }
}

export function momentTrials(subject: Subject): readonly Trial[] {
  const kinds = Object.keys(DEADLINES) as OwnDeadline['kind'][]
  const deadlines = kinds.map(kind => ({
    name: kind,
    attempts: (stage: Stage) => [{ words: new Map(), cell: deadlineCell(stage, subject, kind) }],
  }))
  const retirement: Trial = {
    name: 'retirement',
    attempts: stage => {
      const turn = stage.turn()
      const cell = cellOf(stage, subject, turn, () => {
        turn.record(retireUnit(stage.unit, turn.nowMs))
        return null
      })
      return [{ words: new Map(), cell }]
    },
  }
  return subject === 'unit' ? [...deadlines, retirement] : deadlines
}

function deadlineCell(stage: Stage, subject: Subject, kind: OwnDeadline['kind']): string {
  const turn = stage.turn(stage.nowMs + LATER_MS)
  return cellOf(stage, subject, turn, () => {
    const states = {
      driver: (unitId: string) => turn.driver(unitId),
      trip: (tripId: string) => turn.trip(tripId),
      isHeld: () => false,
      region: () => undefined,
      silence: (silence: Silence) => ({
        ...{ silence, isStarting: true, region: quietRegion(REGION), heard: new HeardCount() },
      }),
      presence: () => presenceAt(kind, turn.nowMs),
      wheels: () => null,
    }
    const came = deadlineCame(
      DEADLINES[kind](stage),
      states,
      DEFAULT_POLICY,
      DEFAULT_POLICY.disconnectGraceMs,
      turn.nowMs,
    )
    // To `match` is the desk's own work: a trip that waits is looked at again.
    if (came !== 'match') turn.record(came)
    return null
  })
}
