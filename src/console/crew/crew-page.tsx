/** A shift on a phone: what is known and what is not sent yet at the top, then the one thing to do now. */
import { useSeconds } from '../passing-time.ts'
import { word } from '../spoken-words.ts'
import { useTopic } from '../topic.ts'
import { CrewSettings } from './crew-settings.tsx'
import type { CrewShift } from './crew-shift.ts'
import { ClockLine, CrewState, PositionLine, WaitingLine } from './crew-state.tsx'
import { say } from './crew-strings.ts'
import { DutyScreen } from './duty-screen.tsx'
import { EmergencyButton } from './emergency-button.tsx'
import { OfferScreen } from './offer-screen.tsx'
import { StandDownScreen } from './stand-down-screen.tsx'
import { WorkScreen } from './work-screen.tsx'

interface CrewPageProps {
  readonly shift: CrewShift
  readonly leave: () => void
}

export function CrewPage({ shift, leave }: CrewPageProps) {
  useTopic(shift.changes)
  useSeconds()
  const unit = shift.driver?.unit
  return (
    <div class="crew">
      <header>
        <h1>{shift.callSign}</h1>
        {unit !== undefined && (
          <span class="unit-status" data-status={unit.status}>
            {word('status', unit.status)}
          </span>
        )}
        <CrewState shift={shift} leave={leave} />
      </header>
      {shift.driver !== null && <EmergencyButton shift={shift} />}
      <ClockLine shift={shift} />
      <WaitingLine shift={shift} />
      <main>
        <Screen shift={shift} />
      </main>
      <CrewOutcomes shift={shift} />
      <PositionLine shift={shift} />
      <CrewSettings shift={shift} leave={leave} />
    </div>
  )
}

/** What the crew has to look at now: the newest word of the desk before all else. */
function Screen({ shift }: Pick<CrewPageProps, 'shift'>) {
  const { driver, trip } = shift
  if (driver === null) return <p class="words">{say.connection.unknown}</p>
  const offer = trip?.offer ?? null
  const screen =
    shift.takenTripId !== null ? (
      <StandDownScreen shift={shift} tripId={shift.takenTripId} />
    ) : trip !== null && offer !== null && shift.phaseOf(trip) === 'offered' ? (
      <OfferScreen key={offer.offerId} shift={shift} trip={trip} offer={offer} />
    ) : trip !== null && trip.unitId === shift.unitId ? (
      <WorkScreen key={trip.tripId} shift={shift} trip={trip} />
    ) : trip !== null && offer !== null ? (
      <p class="words doubtful">{say.order.accepted}</p>
    ) : (
      <DutyScreen shift={shift} unit={driver.unit} />
    )
  return screen
}

function CrewOutcomes({ shift }: Pick<CrewPageProps, 'shift'>) {
  useTopic(shift.outcomes.changes)
  return (
    <ul class="crew-outcomes" aria-live="assertive">
      {shift.outcomes.notes.map(({ key, text }) => (
        <li key={key}>
          <span>{text}</span>
          <button type="button" aria-label={say.outcome.dismiss} onClick={() => shift.outcomes.dismiss(key)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  )
}
