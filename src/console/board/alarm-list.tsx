/** The open alarms: what is wrong, for how long, who answers for it. */
import type { AlarmView } from '../../client/index.ts'
import { age, shortNumber, timeOfDay } from '../format.ts'
import { useSeconds } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

/** The region's policy may allow less, and then says so. */
const SHELVE_MIN = [2, 5, 10, 30] as const
/** A region can hold a thousand. */
const SHOWN = 50

export function AlarmList({ shift }: { readonly shift: Shift }) {
  useTopic(shift.changes)
  useSeconds()
  const alarms = shift.alarmsInOrder()
  return (
    <section class="alarms" aria-labelledby="alarms-title" tabIndex={alarms.length > 3 ? 0 : undefined}>
      <h2 id="alarms-title" class={alarms.length === 0 ? 'quiet' : ''}>
        {t.board.alarmsTitle} {alarms.length > 0 && <span class="figures">{alarms.length}</span>}
        {alarms.length === 0 && <small class="quiet"> · {t.board.noAlarms}</small>}
      </h2>
      <ul>
        {alarms.slice(0, SHOWN).map(alarm => (
          <AlarmRow key={alarm.alarmId} shift={shift} alarm={alarm} />
        ))}
      </ul>
    </section>
  )
}

function AlarmRow({ shift, alarm }: { readonly shift: Shift; readonly alarm: AlarmView }) {
  const nowMs = shift.nowMs()
  const {
    alarmId,
    severity,
    kind,
    raisedAtMs,
    goneAtMs,
    acknowledgedBy,
    shelvedBy,
    shelvedUntilMs,
    escalatedAtMs,
    tripId,
    unitId,
  } = alarm
  const isShelved = (shelvedUntilMs ?? 0) > nowMs
  const said = [
    goneAtMs === null ? null : t.board.alarmGone,
    acknowledgedBy === null ? null : t.board.alarmOwner(acknowledgedBy),
    isShelved ? t.board.alarmShelved(shelvedBy ?? '', timeOfDay(shelvedUntilMs!, shift.info.timeZone)) : null,
    escalatedAtMs === null || acknowledgedBy !== null ? null : t.board.escalated,
  ].filter(each => each !== null)
  const isLoud = acknowledgedBy === null && !isShelved
  return (
    <li class={`alarm s${severity} ${isLoud ? 'loud' : ''}`} data-alarm={kind}>
      <span class="severity" role="img" aria-label={t.board.severity(severity)}>
        {severity}
      </span>
      <button
        type="button"
        class="subject"
        disabled={tripId === null && unitId === null}
        onClick={() => openSubject(shift, alarm)}
      >
        <b>{word('alarm', kind)}</b> {subjectOf(shift, alarm)}
        {said.length > 0 && <small> · {said.join(' · ')}</small>}
      </button>
      <time class="figures">{age(nowMs - raisedAtMs)}</time>
      {kind === 'emergency' && goneAtMs === null && unitId !== null && <SafeButton shift={shift} unitId={unitId} />}
      {acknowledgedBy === null && (
        <button type="button" onClick={() => void shift.acknowledge(alarm)}>
          {t.board.acknowledge}
        </button>
      )}
      {isLoud && <Shelve shift={shift} alarmId={alarmId} />}
    </li>
  )
}

/** The trip that it is about; of a unit without one whoever can be called. */
function openSubject(shift: Shift, { kind, tripId, unitId }: AlarmView): void {
  if (unitId !== null && (kind === 'emergency' || tripId === null)) shift.open({ is: 'radio', unitId })
  else if (tripId !== null) shift.open({ is: 'trip', tripId })
}

function SafeButton({ shift, unitId }: { readonly shift: Shift; readonly unitId: string }) {
  const what = `${t.desk.emergency.safe}: ${shift.callSign(unitId)}`
  return (
    <button type="button" onClick={() => void shift.tryTo(what, () => shift.client.endEmergency(unitId))}>
      {t.desk.emergency.safe}
    </button>
  )
}

function Shelve({ shift, alarmId }: { readonly shift: Shift; readonly alarmId: string }) {
  const take = (minutes: number) =>
    void shift.tryTo(t.board.shelve, () => shift.client.shelveAlarm(alarmId, minutes * 60_000))
  return (
    <select
      class="shelve"
      aria-label={t.desk.alarm.shelveFor}
      value=""
      onChange={event => take(Number(event.currentTarget.value))}
    >
      <option value="">{t.board.shelve}</option>
      {SHELVE_MIN.map(minutes => (
        <option key={minutes} value={minutes}>
          {t.desk.alarm.minutes(minutes)}
        </option>
      ))}
    </select>
  )
}

function subjectOf(shift: Shift, { unitId, tripId, mass }: AlarmView): string {
  const trip = tripId === null ? undefined : shift.board.trips.get(tripId)
  const number = trip?.responseNo === undefined ? null : shortNumber(trip.responseNo)
  const unit = unitId === null ? null : shift.callSign(unitId)
  const many = mass === undefined ? null : `${mass.silentUnits}/${mass.ofUnits}`
  return [number, unit, many].filter(each => each !== null).join(' · ')
}
