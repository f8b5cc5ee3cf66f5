/**
 * Whether a start may use a set of snapshots: every row as it was written, within the log, and none missing.
 *
 * The form is looked at where no checksum vouches for a row; what one vouches for is what an engine wrote.
 */

import { z } from 'zod'
import { type EntityKind, idOf, kindOf } from '../../domain/entity.ts'
import { REGION_ALARMS, TRIP_ALARMS, UNIT_ALARMS } from '../../domain/events/alarm-events.ts'
import { EXCLUSION_REASONS } from '../../domain/events/decision-record.ts'
import { HELP_REASONS } from '../../domain/events/trip-events.ts'
import { RESPONSE_NO } from '../../domain/incident-no.ts'
import {
  ABSENT_REASONS,
  CANCEL_REASONS,
  CAUSES,
  CORRECTION_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  HOLD_REASONS,
  RECEIVED_SOURCES,
  RESPONSE_ENDS,
  RESPONSE_TIMES,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
  WORK_PHASES,
} from '../../domain/vocabulary.ts'
import {
  GATHERED_FORM,
  LOSS_FORM,
  NEED_FORM,
  PLACE_FORM,
  PRIORITY_FORM,
  REFERENCE_FORM,
  SEVERITY_FORM,
  ZONE_FORM,
} from '../../store/log/event-forms.ts'
import type { Acquired, Damage, SnapshotWrite } from '../../store/log/journal.ts'
import { isOfThisForm, type RegionSnapshot } from './snapshots.ts'

const id = z.string().min(1)
const ms = z.number()
const mode = z.enum(DISPATCH_MODES)
const whole = z.number().int().min(0)
const version = whole

const ALARM = z.object({
  alarmId: id,
  kind: z.enum([...TRIP_ALARMS, ...UNIT_ALARMS, ...REGION_ALARMS]),
  unitId: id.nullable(),
  fromTripId: id.nullable().optional(),
  mass: z.object({ silentFromMs: ms, silentToMs: ms, silentUnits: whole, ofUnits: whole }).optional(),
  severity: SEVERITY_FORM,
  raisedAtMs: ms,
  goneAtMs: ms.nullable(),
  acknowledged: z.object({ by: id, atMs: ms }).nullable(),
  escalatedAtMs: ms.nullable(),
  shelved: z.object({ by: id, atMs: ms, forMs: ms }).nullable(),
})

const DRIVER = z.object({
  state: z.object({
    ...REFERENCE_FORM,
    transports: z.boolean(),
    crew: id.nullable(),
    unavailableReason: z.enum(UNAVAILABLE_REASONS).nullable(),
    work: z.object({ tripId: id, offerId: id.nullable(), mode, phase: z.enum(['offered', ...WORK_PHASES]) }).nullable(),
    standingDown: id.optional(),
    takenTrip: z.object({ tripId: id, sinceMs: ms }).optional(),
    noContact: id.optional(),
    emergencySinceMs: ms.optional(),
    withdrawnAtMs: ms.optional(),
    openAlarms: z.array(ALARM).optional(),
    retired: z.literal(true).optional(),
    status: z.enum(UNIT_STATUSES),
    statusSinceMs: ms,
    version,
  }),
  placed: z.object({ ...PLACE_FORM, streamId: id, seq: whole, fixedAtMs: ms }).nullable(),
  streams: z.array(z.tuple([id, whole])),
})
const KEPT_TIME = z.object({
  atMs: ms.nullable(),
  cause: z.enum(CAUSES),
  why: z.enum(ABSENT_REASONS).optional(),
  otherAtMs: ms.optional(),
  wheelsAtMs: ms.optional(),
  lateEvidence: z.literal(true).optional(),
  corrected: z.enum(CORRECTION_REASONS).optional(),
})
const RESPONSE = z.object({
  ...{ unitId: id, offerId: id, offeredAtMs: ms, end: z.enum(RESPONSE_ENDS).optional(), etaMs: ms.optional() },
  times: z.partialRecord(z.enum(RESPONSE_TIMES), KEPT_TIME),
})
const TRIP = z.object({
  state: z.object({
    ...PLACE_FORM,
    tripId: id,
    callId: id,
    priority: PRIORITY_FORM,
    need: NEED_FORM,
    receivedAtMs: ms,
    responseNo: z.string().regex(RESPONSE_NO).optional(),
    enteredAtMs: ms,
    triagedAtMs: ms.optional(),
    createdPosition: whole,
    phase: z.enum(TRIP_PHASES),
    phaseRecordedAtMs: ms,
    pendingSinceMs: ms.nullable(),
    unitId: id.nullable(),
    offer: z
      .object({
        ...{ offerId: id, unitId: id, mode, offeredAtMs: ms, warnAtMs: ms.nullable(), deadlineAtMs: ms },
        ...{ byVoice: z.literal(true).optional(), despite: z.enum(EXCLUSION_REASONS).optional() },
      })
      .nullable(),
    insistedUnitId: id.nullable(),
    insistedBy: id.optional(),
    onHold: z.object({ why: z.enum(HOLD_REASONS), by: id.nullable(), sinceMs: ms }).optional(),
    round: whole,
    asked: z.array(id),
    responses: z.array(RESPONSE),
    times: z.partialRecord(z.enum(TRIP_PHASES), ms),
    missed: z.array(z.enum(TRIP_PHASES)),
    alarms: z.array(z.enum(TRIP_ALARMS)),
    openAlarms: z.array(ALARM),
    handedTo: id.nullable().optional(),
    destination: z
      .object({ hospitalId: id, name: z.string(), ...PLACE_FORM })
      .nullable()
      .optional(),
    helps: id.optional(),
    helpsBecause: z.enum(HELP_REASONS).optional(),
    helpedBy: id.optional(),
    loss: LOSS_FORM.nullable().optional(),
    disposition: z.enum(DISPOSITIONS).nullable(),
    cancelReason: z.enum(CANCEL_REASONS).nullable(),
    decidedAt: z.array(whole).optional(),
    version,
  }),
})
const CALL = z.object({
  state: z.object({
    ...PLACE_FORM,
    callId: id,
    priority: PRIORITY_FORM,
    problem: z.string().nullable(),
    needs: z.array(NEED_FORM),
    tripIds: z.array(id),
    receivedAtMs: ms,
    receivedSource: z.enum(RECEIVED_SOURCES).optional(),
    firstNotifiedAtMs: ms.optional(),
    state: z.enum(['open', 'closed', 'cancelled']),
    ...GATHERED_FORM,
    version,
  }),
})
const ALARMS = z.object({
  state: z.object({
    regionId: id,
    alarms: z.array(z.enum(REGION_ALARMS)),
    openAlarms: z.array(ALARM),
    zones: z.array(ZONE_FORM).optional(),
    version,
  }),
})
const REGION = z.object({ lastRecordedAtMs: ms })

const KINDS = { driver: 'drivers', trip: 'trips', call: 'calls' } as const

/** A set of snapshots that is read row by row. */
export class SnapshotsRead {
  readonly #acquired: Acquired
  readonly #damages: Damage[] = []
  readonly #unfit: Damage[] = []
  readonly #beyond = { rows: 0, position: 0 }
  readonly #found = { drivers: 0, trips: 0, calls: 0 }
  #areOfThisForm = true
  /** The row that says up to where the set is whole. */
  #whole: SnapshotWrite | null = null

  constructor(acquired: Acquired) {
    this.#acquired = acquired
  }

  /** Output: whether it may be taken in, as far as anybody knows by now: the set may turn out to be of no use. */
  saw(snapshot: SnapshotWrite): boolean {
    const { entity, position, segmentNo, state, unproven, damage } = snapshot
    if (damage !== undefined) this.#damages.push(damage)
    if (position > this.#acquired.logEnd || segmentNo > this.#acquired.segmentEnd) {
      this.#beyond.rows += 1
      this.#beyond.position = Math.max(this.#beyond.position, position)
    }
    if (entity === 'region') this.#whole = snapshot
    else {
      const kind = kindOf(entity)
      if (kind !== 'region') this.#found[KINDS[kind]] += 1
    }
    if (!isOfThisForm(state)) this.#areOfThisForm = false
    else if (unproven && !hasForm(entity, state)) this.#unfit.push(damaged(`entity ${entity}`, 'changed', 1))
    return this.#areOfThisForm && this.#damages.length + this.#unfit.length + this.#beyond.rows === 0
  }

  /** The row that says up to where the set is whole; null where there is none, or another version wrote some of it. */
  get whole(): SnapshotWrite | null {
    return this.#areOfThisForm ? this.#whole : null
  }

  /** What is wrong with the set; nothing of one that may be taken, or that is merely not whole or of another form. */
  damages(): readonly Damage[] {
    if (this.#damages.length > 0) return this.#damages
    const { rows, position } = this.#beyond
    const { logEnd, segmentEnd } = this.#acquired
    const at = `position ${position}, where the log ends at ${logEnd} and the segments at ${segmentEnd}`
    return [...this.#unfit, ...(rows === 0 ? [] : [damaged(at, 'beyond-end', rows)]), ...this.#gone()]
  }

  /** A set that a later one was begun over has rows of that one, too, and those may be of actors that are new. */
  *#gone(): Iterable<Damage> {
    if (this.#whole === null || !isOfThisForm(this.#whole.state)) return
    const { counts } = this.#whole.state as RegionSnapshot
    if (counts === undefined) return
    for (const [kind, name] of Object.entries(KINDS) as [keyof typeof KINDS, (typeof KINDS)[keyof typeof KINDS]][]) {
      const missing = counts[name] - this.#found[name]
      if (missing > 0) yield damaged(`entity ${kind}/*`, 'missing', missing)
    }
  }
}

const FORMS = {
  driver: ['unitId', DRIVER],
  trip: ['tripId', TRIP],
  call: ['callId', CALL],
  region: ['regionId', ALARMS],
} as const satisfies { readonly [kind in EntityKind]: unknown }

function hasForm(entity: SnapshotWrite['entity'], state: unknown): boolean {
  if (entity === 'region') return REGION.safeParse(state).success
  const [idField, form] = FORMS[kindOf(entity)]
  const parsed = form.safeParse(state)
  if (!parsed.success) return false
  // A state under the name of another would take that one's place.
  const { state: held } = parsed.data as { state: Readonly<Record<string, unknown>> }
  return held[idField] === idOf(entity)
}

const damaged = (at: string, kind: Damage['kind'], rows: number): Damage => ({
  table: 'log.snapshots',
  at,
  kind,
  rows,
  entities: [],
})
