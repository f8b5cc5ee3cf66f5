/** A trip that the crew works on: one large button for what comes next, the others behind "more". */
import { useState } from 'preact/hooks'
import { DISPOSITIONS, type TripPhase, type TripView } from '../../client/index.ts'
import { word } from '../spoken-words.ts'
import { ChoiceList } from './choice-list.tsx'
import { CrewNotes } from './crew-notes.tsx'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'
import { HospitalChoice } from './hospital-choice.tsx'
import { hasCarried, nextStep, otherButtons, type ReportedButton } from './next-phase.ts'
import { TripFacts } from './trip-facts.tsx'

interface WorkScreenProps {
  readonly shift: CrewShift
  readonly trip: TripView
}

/** `refused` is the word of who does not know what was refused. What is likely comes first. */
const waysToEnd = (phase: TripPhase) =>
  DISPOSITIONS.filter(each => each !== 'refused' && (each !== 'transported' || hasCarried(phase))).concat(
    hasCarried(phase) ? [] : ['transported'],
  )

const buttonWord = (button: ReportedButton): string => say.work.next[button] ?? word('time', button)

export function WorkScreen({ shift, trip }: WorkScreenProps) {
  const [isClosing, setClosing] = useState(false)
  const [isChoosing, setChoosing] = useState(false)
  const { tripId } = trip
  const phase = shift.phaseOf(trip)
  const next = nextStep(phase, trip)
  const report = (button: ReportedButton) =>
    void shift.press(buttonWord(button), () => shift.client.reportPhase(tripId, button), {
      about: tripId,
      brings: isPhase(button) ? button : null,
    })
  if (isChoosing) return <HospitalChoice shift={shift} trip={trip} back={() => setChoosing(false)} />
  if (isClosing)
    return (
      <ChoiceList
        title={say.work.howClosed}
        choices={waysToEnd(phase)}
        wordOf={way => word('disposition', way)}
        choose={way => {
          setClosing(false)
          const what = `${say.work.close.replace(' …', '')}: ${word('disposition', way)}`
          void shift.press(what, () => shift.client.closeTrip(tripId, way), { about: tripId, brings: 'closed' })
        }}
        back={() => setClosing(false)}
      />
    )
  return (
    <section class="work" data-phase={trip.phase}>
      <h2>
        {say.work.now(word('phase', phase))}
        {phase !== trip.phase && <small class="doubtful"> {say.work.notSent}</small>}
      </h2>
      <TripFacts shift={shift} trip={trip} />
      <CrewNotes shift={shift} trip={trip} />
      {next === null ? (
        <p class="words doubtful">{say.work.closing}</p>
      ) : (
        <div class="bottom">
          <NextButton next={next} report={report} close={() => setClosing(true)} />
          <details class="more">
            <summary class="big">{say.work.more}</summary>
            {otherButtons(phase, next).map(button => (
              <button key={button} type="button" class="big" data-button={button} onClick={() => report(button)}>
                {buttonWord(button)}
              </button>
            ))}
            <button type="button" class="big" data-button="hospital" onClick={() => setChoosing(true)}>
              {say.hospital.choose}
            </button>
            {next !== 'closed' && (
              <button type="button" class="big" data-button="close" onClick={() => setClosing(true)}>
                {say.work.close}
              </button>
            )}
          </details>
        </div>
      )}
    </section>
  )
}

interface NextButtonProps {
  readonly next: NonNullable<ReturnType<typeof nextStep>>
  readonly report: (button: ReportedButton) => void
  readonly close: () => void
}

function NextButton({ next, report, close }: NextButtonProps) {
  const isEnd = !isReported(next)
  return (
    <button
      type="button"
      class="huge primary"
      data-button={isEnd ? 'close' : next}
      onClick={() => (isReported(next) ? report(next) : close())}
    >
      {isReported(next) ? buttonWord(next) : say.work.close}
    </button>
  )
}

const isReported = (phase: TripPhase): phase is TripPhase & ReportedButton => Object.hasOwn(say.work.next, phase)
const isPhase = (button: ReportedButton): button is ReportedButton & TripPhase => Object.hasOwn(say.work.next, button)
