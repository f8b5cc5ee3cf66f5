/** The units on duty: what each does, for how long, and how old its position is. */
import type { UnitView } from '../../client/index.ts'
import { age, shortNumber } from '../format.ts'
import { StatusMark } from '../map/status-mark.tsx'
import { useSeconds } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

interface UnitTableProps {
  readonly shift: Shift
  readonly filter: string
}

const SHOWN = 300
/** Who can be sent comes first, then who works, then who cannot. */
const ORDER: readonly string[] = [
  ...['available', 'offered', 'assigned', 'en-route', 'on-scene', 'transporting', 'at-destination'],
  ...['standing-down', 'unavailable'],
]

export function UnitTable({ shift, filter }: UnitTableProps) {
  useTopic(shift.changes)
  useSeconds()
  const all = [...shift.board.units.values()]
  if (all.length === 0) return <p class="empty">{t.board.units.none}</p>
  const onDuty = all.filter(({ status }) => status !== 'off-duty')
  const units = onDuty
    .filter(unit => matches(unit, filter))
    .sort(
      (a, b) =>
        ORDER.indexOf(a.status) - ORDER.indexOf(b.status) ||
        a.callSign.localeCompare(b.callSign, 'en', { numeric: true }),
    )
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <section class="scroll" tabIndex={0} aria-label={t.frame.units}>
      <table class="units">
        <thead>
          <tr>
            <th scope="col">{t.board.units.callSign}</th>
            <th scope="col">{t.board.units.status}</th>
            <th scope="col" class="end">
              {t.board.units.since}
            </th>
            <th scope="col">{t.board.units.level}</th>
            <th scope="col" class="end">
              {t.board.units.position}
            </th>
            <th scope="col">{t.board.units.trip}</th>
          </tr>
        </thead>
        <tbody>
          {units.slice(0, SHOWN).map(unit => (
            <UnitRow key={unit.unitId} shift={shift} unit={unit} />
          ))}
        </tbody>
      </table>
      {units.length > SHOWN && <p class="quiet">{t.board.more(units.length - SHOWN)}</p>}
      <p class="quiet foot">{t.board.units.offDuty(all.length - onDuty.length)}</p>
    </section>
  )
}

function UnitRow({ shift, unit }: { readonly shift: Shift; readonly unit: UnitView }) {
  const {
    unitId,
    callSign,
    status,
    statusSinceMs,
    levelOfCare,
    tripId,
    unavailableReason,
    noContact,
    emergencySinceMs,
  } = unit
  const trip = tripId === null ? undefined : shift.board.trips.get(tripId)
  return (
    <tr data-unit={unitId} data-status={status}>
      <th scope="row">
        <button type="button" class="link" onClick={() => shift.open({ is: 'radio', unitId })}>
          {callSign}
        </button>
      </th>
      <td>
        <StatusMark status={status} /> {word('status', status)}
        {unavailableReason !== null && <small> · {word('reason', unavailableReason)}</small>}
        {emergencySinceMs !== null && <b class="late"> · {t.desk.emergency.unit}</b>}
        {noContact && <small class="late"> · {word('reason', 'no-contact')}</small>}
      </td>
      <td class="end figures">{age(shift.nowMs() - statusSinceMs)}</td>
      <td>{word('level', levelOfCare)}</td>
      <td class="end">
        <PositionAge shift={shift} unitId={unitId} />
      </td>
      <td>
        {trip !== undefined && (
          <button type="button" class="link figures" onClick={() => shift.open({ is: 'trip', tripId: trip.tripId })}>
            {shortNumber(trip.responseNo ?? trip.tripId.slice(-6))}
          </button>
        )}
      </td>
    </tr>
  )
}

/** The age of the fix itself, by the map. Of a unit that the map does not follow nobody here knows it. */
function PositionAge({ shift, unitId }: { readonly shift: Shift; readonly unitId: string }) {
  const ageMs = shift.fleet.ageMs(unitId)
  if (ageMs === null) {
    const isKnown = shift.board.units.get(unitId)?.fix !== null
    return <span class="quiet">{isKnown ? t.board.units.notInView : t.board.units.noPosition}</span>
  }
  const freshness = shift.fleet.freshness(unitId)
  if (freshness === 'lost') return <span class="late">{t.board.units.lost(age(ageMs))}</span>
  return <span class={`figures ${freshness === 'stale' ? 'doubtful' : ''}`}>{age(ageMs)}</span>
}

const matches = ({ callSign, unitId, status, levelOfCare }: UnitView, filter: string): boolean => {
  const text = `${callSign} ${unitId} ${word('status', status)} ${word('level', levelOfCare)}`.toLowerCase()
  return filter
    .toLowerCase()
    .trim()
    .split(/\s+/)
    .every(part => text.includes(part))
}
