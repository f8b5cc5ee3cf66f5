/** How it stands with the connection, with what is not sent yet, and with the position: always in sight. */
import { age, distance } from '../format.ts'
import { wallMs } from '../passing-time.ts'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'
import { crewTime } from './crew-time.ts'

interface CrewStateProps {
  readonly shift: CrewShift
}

export function CrewState({ shift, leave }: CrewStateProps & { readonly leave: () => void }) {
  const { connectionState, writes } = shift.client
  const isStalled = shift.isOpen && writes.commands !== 'flowing'
  const kind = !shift.isOpen ? 'bad' : isStalled ? 'doubtful' : 'good'
  return (
    <>
      <span class={`crew-connection ${kind}`} role="status" data-connection={connectionState}>
        <span class="dot" aria-hidden="true" />
        {say.connection[connectionState === 'open' || connectionState === 'closed' ? connectionState : wordOf(shift)]}
      </span>
      {shift.ended !== null && (
        <p class="crew-banner bad" role="alert">
          {say.connection.ended(shift.ended.refusal?.message ?? shift.ended.message)}{' '}
          <button type="button" class="big" onClick={leave}>
            {say.connection.signInAgain}
          </button>
        </p>
      )}
      {shift.ended === null && shift.awaySinceMs !== null && (
        <p class="crew-banner bad" role="alert">
          {say.connection.old(age(wallMs() - shift.awaySinceMs))}
        </p>
      )}
      {isStalled && (
        <p class="crew-banner doubtful" role="alert">
          {say.connection.stalled}
        </p>
      )}
    </>
  )
}

const wordOf = ({ client }: CrewShift): 'waiting' | 'connecting' =>
  client.connectionState === 'waiting' ? 'waiting' : 'connecting'

/** Positions take a second to be stored; only more than that is worth a word. */
const POSITIONS_USUAL = 2

export function WaitingLine({ shift }: CrewStateProps) {
  const { pressed, isOpen } = shift
  const positions = shift.client.fixesNotDurable
  const isNothing = pressed.length === 0 && (positions === 0 || (isOpen && positions <= POSITIONS_USUAL))
  if (isNothing || shift.ended !== null) return null
  const words = isOpen ? say.waiting.open : say.waiting.away
  return (
    <section class="not-sent" aria-label={say.waiting.list}>
      <p>{words(positions, pressed.length)}</p>
      <ol>
        {pressed.map(({ key, what, atMs }) => (
          <li key={key}>{say.waiting.pressed(what, crewTime(atMs))}</li>
        ))}
      </ol>
      {!isOpen && <p>{say.waiting.leave}</p>}
    </section>
  )
}

/** The server dates what is pressed here by its own clock; but a phone that is wrong by minutes misleads whoever reads it [PS-8]. */
export function ClockLine({ shift: { driver } }: CrewStateProps) {
  const aheadMs = driver?.unit.clockAheadMs
  if (aheadMs === undefined) return null
  const words = aheadMs > 0 ? say.clock.ahead : say.clock.behind
  return (
    <p class="crew-banner doubtful" role="status" data-clock="off">
      {words(age(Math.abs(aheadMs)))}
    </p>
  )
}

export function PositionLine({ shift: { receiver, isOnDuty } }: CrewStateProps) {
  if (!isOnDuty || receiver.state === 'off') return null
  const { state, latest } = receiver
  const isGood = state === 'ok' && latest !== null
  const words = isGood
    ? say.position.ok(age(wallMs() - latest.measuredAtMs), distance(latest.accuracyM))
    : say.position[state === 'ok' ? 'waiting' : state]
  return (
    <p class={`position-line ${isGood || state === 'waiting' ? 'quiet' : 'bad'}`} role="status" data-position={state}>
      {words} <small>{say.position.hidden}</small>
    </p>
  )
}
