/** How the connection is: always in sight, and across the page when what is shown is not current. */
import { age } from '../format.ts'
import { useSeconds, wallMs } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

interface ConnectionProps {
  readonly shift: Shift
}

export function ConnectionSign({ shift }: ConnectionProps) {
  useTopic(shift.changes)
  useSeconds()
  const { connectionState, commandsPending, writes } = shift.client
  const isOpen = connectionState === 'open'
  const kind = !isOpen ? 'bad' : writes.commands === 'flowing' ? 'good' : 'doubtful'
  const words = isOpen
    ? t.connection.open
    : connectionState === 'closed'
      ? t.connection.closed
      : connectionState === 'waiting'
        ? t.connection.waiting
        : t.connection.connecting
  return (
    <span class={`connection ${kind}`} role="status" data-connection={connectionState}>
      <span class="dot" aria-hidden="true" />
      {words}
      {commandsPending > 0 && <small> {t.frame.pendingCommands(commandsPending)}</small>}
    </span>
  )
}

export function ConnectionBanner({ shift, leave }: ConnectionProps & { readonly leave: () => void }) {
  useTopic(shift.changes)
  useSeconds()
  if (shift.ended !== null) {
    const { refusal, message } = shift.ended
    return (
      <div class="banner bad" role="alert">
        {t.connection.closedBecause(refusal?.message ?? message)}{' '}
        <button type="button" onClick={leave}>
          {t.connection.signInAgain}
        </button>
      </div>
    )
  }
  if (shift.isCurrent) {
    if (shift.client.writes.commands === 'flowing') return null
    return (
      <div class="banner doubtful" role="alert">
        {t.connection.writes}
      </div>
    )
  }
  if (shift.oldSinceMs === null)
    return (
      <div class="banner quiet" role="status">
        {t.connection.loading}
      </div>
    )
  return (
    <div class="banner bad" role="alert">
      {t.connection.boardOld(age(wallMs() - shift.oldSinceMs))}
    </div>
  )
}
