/** What a dispatcher can do with a trip; each step asks for its reason before it is taken. */
import { useState } from 'preact/hooks'
import {
  CANCEL_REASONS,
  type CancelReason,
  DISPOSITIONS,
  DIVERT_REASONS,
  type DivertReason,
  OVERRIDE_REASONS,
  type OverrideReason,
  type TripView,
} from '../../client/index.ts'
import { LateField, lateMoment } from '../late-field.tsx'
import { isActive, type Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { AmendForm } from './amend-form.tsx'
import { AssignForm } from './assign-form.tsx'
import { DivertForm } from './divert-form.tsx'
import { MoreUnitForm } from './more-unit-form.tsx'
import { ReasonForm } from './reason-form.tsx'
import { tripTexts } from './trip-texts.ts'

interface ActionsProps {
  readonly shift: Shift
  readonly trip: TripView
}

type Asking = 'nothing' | 'assign' | 'withdraw' | 'divert' | 'amend' | 'more' | 'cancel' | 'close'

/** The step of the work that a crew reports next; by radio the desk does for it. */
const NEXT_PHASE: Readonly<Record<string, 'en-route' | 'on-scene' | 'transporting' | 'at-destination'>> = {
  offered: 'en-route',
  assigned: 'en-route',
  'en-route': 'on-scene',
  'on-scene': 'transporting',
  'at-patient': 'transporting',
  transporting: 'at-destination',
}

export function TripActions({ shift, trip }: ActionsProps) {
  const [asking, setAsking] = useState<Asking>('nothing')
  const { tripId, phase, onHold, offer, unitId } = trip
  const { client } = shift
  const hasUnit = unitId !== null || offer !== null
  const maySendElsewhere = phase === 'assigned' || phase === 'en-route' || (phase === 'offered' && unitId !== null)
  // From then on a patient may be on board.
  const mayCancel = !['transporting', 'at-destination', 'transferred'].includes(phase)
  const next = hasUnit ? NEXT_PHASE[phase] : undefined
  const [late, setLate] = useState('')
  const happenedAtMs = lateMoment(shift, late)
  const when = typeof happenedAtMs === 'number' ? { happenedAtMs } : {}
  const run = (what: string, command: Parameters<Shift['tryTo']>[1]) => {
    // A moment that cannot be read must not become now.
    if (happenedAtMs === null) return
    setAsking('nothing')
    void shift.tryTo(what, command, tripId)
  }
  const ask = (what: Asking, label: string) => (
    <button type="button" aria-expanded={asking === what} onClick={() => setAsking(asking === what ? 'nothing' : what)}>
      {label}
    </button>
  )
  return (
    <section class="actions" aria-label={t.trip.actions}>
      <div class="row">
        {mayCancel && ask('assign', t.trip.assign)}
        {hasUnit && mayCancel && ask('withdraw', t.trip.withdraw)}
        {maySendElsewhere && ask('divert', t.trip.divert)}
        {phase === 'pending' && onHold === null && (
          <button type="button" onClick={() => run(t.trip.hold, () => client.holdTrip(tripId))}>
            {t.trip.hold}
          </button>
        )}
        {onHold !== null && (
          <button type="button" class="primary" onClick={() => run(t.trip.resume, () => client.resumeTrip(tripId))}>
            {t.trip.resume}
          </button>
        )}
        {ask('amend', tripTexts.amend)}
        {ask('more', t.trip.addUnit)}
        {mayCancel && ask('cancel', t.trip.cancelTrip)}
      </div>
      {hasUnit && (
        <div class="row radio">
          <span class="quiet">{t.trip.radio}</span>
          {offer !== null && (
            <button type="button" onClick={() => run(t.trip.confirm, () => client.confirmOrder(tripId, when))}>
              {t.trip.confirm}
            </button>
          )}
          {next !== undefined && (
            <button
              type="button"
              onClick={() => run(word('phase', next), () => client.reportPhase(tripId, next, when))}
            >
              {word('phase', next)}
            </button>
          )}
          {isActive(trip) && ask('close', t.trip.closeTrip)}
          <LateField shift={shift} name="happened" label={t.desk.late.happened} text={late} setText={setLate} />
        </div>
      )}
      <Asked shift={shift} trip={trip} asking={asking} when={when} run={run} back={() => setAsking('nothing')} />
    </section>
  )
}

interface AskedProps extends ActionsProps {
  readonly asking: Asking
  /** Of what a crew told by radio; without a moment it is now. */
  readonly when: { readonly happenedAtMs?: number }
  readonly run: (what: string, command: Parameters<Shift['tryTo']>[1]) => void
  readonly back: () => void
}

function Asked({ shift, trip, asking, when, run, back }: AskedProps) {
  const { tripId } = trip
  const { client } = shift
  switch (asking) {
    case 'assign':
      return (
        <AssignForm
          shift={shift}
          trip={trip}
          back={back}
          take={(unitId, reason) =>
            run(t.call.dispatchTo(shift.callSign(unitId)), () => client.assignUnit(tripId, unitId, reason))
          }
        />
      )
    case 'divert':
      return (
        <DivertForm
          shift={shift}
          trip={trip}
          reasons={DIVERT_REASONS}
          back={back}
          take={(to, reason) => run(t.trip.divert, () => client.divertUnit(tripId, to, reason as DivertReason))}
        />
      )
    case 'amend':
      return (
        <AmendForm
          shift={shift}
          trip={trip}
          back={back}
          take={changes => run(tripTexts.amend, () => client.amendCall(trip.callId, changes))}
        />
      )
    case 'more':
      return (
        <MoreUnitForm
          trip={trip}
          back={back}
          take={need => run(t.trip.addUnit, () => client.addNeed(trip.callId, need))}
        />
      )
    case 'withdraw': {
      const take = (reason: string) => run(t.trip.withdraw, () => client.withdrawUnit(tripId, reason as OverrideReason))
      return <ReasonForm what={t.trip.withdraw} kind="reason" words={OVERRIDE_REASONS} take={take} back={back} />
    }
    case 'cancel': {
      const take = (reason: string) => run(t.trip.cancelTrip, () => client.cancelTrip(tripId, reason as CancelReason))
      return <ReasonForm what={t.trip.cancelTrip} kind="reason" words={CANCEL_REASONS} take={take} back={back} />
    }
    case 'close': {
      const take = (how: string) =>
        run(t.trip.closeTrip, () => client.closeTrip(tripId, how as (typeof DISPOSITIONS)[number], when))
      return <ReasonForm what={t.trip.closeTrip} kind="disposition" words={DISPOSITIONS} take={take} back={back} />
    }
    default:
      return null
  }
}
