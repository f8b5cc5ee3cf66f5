/** A crew calls in: the dispatcher names its unit and enters what it says, one key for each step. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { DISPOSITIONS, UNAVAILABLE_REASONS, type UnitView } from '../../client/index.ts'
import { LateField, lateMoment } from '../late-field.tsx'
import { StatusMark } from '../map/status-mark.tsx'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { ChosenWords } from './chosen-words.tsx'
import { type RadioStep, radioSteps, tripOfUnit } from './radio-steps.ts'
import { RadioUnit } from './radio-unit.tsx'

interface RadioPanelProps {
  readonly shift: Shift
  readonly unitId: string | null
}

export function RadioPanel({ shift, unitId }: RadioPanelProps) {
  useTopic(shift.changes)
  const unit = unitId === null ? undefined : shift.board.units.get(unitId)
  return (
    <aside class="panel radio-panel" aria-labelledby="radio-title">
      <header class="panel-head">
        <h2 id="radio-title">{unit === undefined ? t.radio.title : t.radio.of(unit.callSign)}</h2>
        <button type="button" onClick={() => shift.open({ is: 'none' })}>
          {t.trip.close} <kbd>Esc</kbd>
        </button>
      </header>
      <RadioUnit shift={shift} isNamed={unit !== undefined} />
      {unit !== undefined && <Said key={unit.unitId} shift={shift} unit={unit} />}
    </aside>
  )
}

function Said({ shift, unit }: { readonly shift: Shift; readonly unit: UnitView }) {
  const [asking, setAsking] = useState<Asking>('nothing')
  const [late, setLate] = useState('')
  const section = useRef<HTMLElement>(null)
  const trip = tripOfUnit(shift, unit)
  const steps = radioSteps(unit, trip)
  useLayoutEffect(() => section.current?.focus(), [])
  const atMs = lateMoment(shift, late)
  const happened = () => (typeof atMs === 'number' ? { happenedAtMs: atMs } : {})
  const run = (what: string, command: Parameters<Shift['tryTo']>[1]) => {
    // A moment that cannot be read must not become now.
    if (atMs === null) return
    setAsking('nothing')
    setLate('')
    section.current?.focus()
    void shift.tryTo(`${unit.callSign}: ${what}`, command, trip?.tripId)
  }
  const take = (step: RadioStep) => sayStep({ shift, unit, tripId: trip?.tripId, step, happened, run, setAsking })
  const isAsking = asking !== 'nothing'
  useDigits(key => {
    const step = isAsking ? undefined : steps.find(each => each.key === key)
    if (step !== undefined) take(step)
  })
  return (
    <section ref={section} tabIndex={-1} aria-label={t.radio.of(unit.callSign)}>
      <p class="state-line" data-unit-status={unit.status}>
        <StatusMark status={unit.status} /> {word('status', unit.status)}
        {trip !== undefined && <small> · {word('phase', trip.phase)}</small>}
      </p>
      <div class="keys">
        {steps.map(step => (
          <button key={`${step.key}${step.is}`} type="button" onClick={() => take(step)}>
            {step.key === '' ? <span class="no-key" /> : <kbd>{step.key}</kbd>} {stepWords(step)}
          </button>
        ))}
      </div>
      <AskedWords
        shift={shift}
        unit={unit}
        tripId={trip?.tripId}
        asking={asking}
        happened={happened}
        run={run}
        setAsking={setAsking}
      />
      <LateField shift={shift} name="radio-late" label={t.desk.late.happened} text={late} setText={setLate} />
    </section>
  )
}

type Asking = 'nothing' | 'unavailable' | 'close'

interface AskedWordsProps extends Omit<Saying, 'step'> {
  readonly asking: Asking
}

/** Why a unit is unavailable, or how its trip ends. */
function AskedWords({ shift, unit, tripId, asking, happened, run, setAsking }: AskedWordsProps) {
  const back = () => setAsking('nothing')
  const { client } = shift
  if (asking === 'unavailable')
    return (
      <ChosenWords
        title={t.radio.why}
        kind="reason"
        words={UNAVAILABLE_REASONS}
        back={back}
        take={reason =>
          run(word('reason', reason), () => client.setUnitStatus(unit.unitId, 'unavailable', { reason, ...happened() }))
        }
      />
    )
  if (asking === 'nothing' || tripId === undefined) return null
  return (
    <ChosenWords
      title={t.trip.closeTrip}
      kind="disposition"
      words={DISPOSITIONS}
      back={back}
      take={how => run(word('disposition', how), () => client.closeTrip(tripId, how, happened()))}
    />
  )
}

interface Saying {
  readonly shift: Shift
  readonly unit: UnitView
  readonly tripId: string | undefined
  readonly step: RadioStep
  readonly happened: () => { readonly happenedAtMs?: number }
  readonly run: (what: string, command: Parameters<Shift['tryTo']>[1]) => void
  readonly setAsking: (asking: Asking) => void
}

function sayStep({ shift, unit, tripId, step, happened, run, setAsking }: Saying): void {
  const { client } = shift
  const what = stepWords(step)
  switch (step.is) {
    case 'status':
      return run(what, () => client.setUnitStatus(unit.unitId, step.status, happened()))
    case 'phase':
      return tripId === undefined ? undefined : run(what, () => client.reportPhase(tripId, step.phase, happened()))
    case 'confirm':
      return tripId === undefined ? undefined : run(what, () => client.confirmOrder(tripId, happened()))
    default:
      setAsking(step.is)
  }
}

function stepWords(step: RadioStep): string {
  switch (step.is) {
    case 'status':
      return step.signsOn
        ? t.radio.signsOn
        : step.status === 'off-duty'
          ? t.radio.signsOff
          : word('status', step.status)
    case 'phase':
      return word('phase', step.phase)
    case 'confirm':
      return t.radio.takesOrder
    case 'unavailable':
      return `${word('status', 'unavailable')} …`
    case 'close':
      return `${t.trip.closeTrip} …`
  }
}

/**
 * Hears digits wherever the focus is, but in a field that takes text; from the moment on that the panel is drawn, so that a key
 * which follows R at once is heard.
 */
function useDigits(press: (key: string) => void): void {
  const newest = useRef(press)
  newest.current = press
  useLayoutEffect(() => {
    const hear = (event: KeyboardEvent) => {
      const { target } = event
      const takesText = target instanceof HTMLElement && target.matches('input, select, textarea')
      if (takesText || event.ctrlKey || event.altKey || event.metaKey || !/^\d$/.test(event.key)) return
      event.preventDefault()
      newest.current(event.key)
    }
    addEventListener('keydown', hear)
    return () => removeEventListener('keydown', hear)
  }, [])
}
