/** Commands of clients. A repeated id gets the first outcome; every other command is decided now in a turn, or refused. */
import type { Refusal } from '../../base/refusal.ts'
import type { Refused } from '../../base/result.ts'
import { INTERNAL, WRITES_STALLED } from '../refusals.ts'
import type { CommandRequest, Outcome } from '../region-handle.ts'
import type { Admission } from './admission.ts'
import type { CommandContext } from './command-context.ts'
import type { TurnOutcome } from './command-outcome.ts'
import { runCommand } from './commands.ts'
import type { KnownOutcome, Outcomes } from './idempotency.ts'
import type { Outbox } from './outbox.ts'
import type { TurnRunner } from './turn-runner.ts'
import type { Waking } from './waking.ts'
import { wantedBy } from './wanted.ts'

interface CommandTurnsPorts {
  readonly turns: TurnRunner
  readonly outcomes: Outcomes
  readonly log: { readonly head: number; readonly durable: number }
  readonly outbox: Outbox
  readonly admission: Admission
  readonly waking: Pick<Waking, 'command'>
  /** The command shows that its crew is there, whatever has come of it. */
  readonly heardOf: (request: CommandRequest) => void
  /** What the turn of this command may use. */
  readonly contextOf: (request: CommandRequest) => CommandContext
}

export class CommandTurns {
  readonly #ports: CommandTurnsPorts

  constructor(ports: CommandTurnsPorts) {
    this.#ports = ports
  }

  take(request: CommandRequest): void {
    const { admission, waking } = this.#ports
    const notNow = admission.refusal
    if (notNow !== null) return request.answer({ ok: false, refusal: notNow })
    const refuse = (refusal: Refusal) =>
      request.answer({ ok: false, refusal: admission.isStalled ? WRITES_STALLED : refusal })
    waking.command(request, wantedBy(request), refuse, outcome => this.#decide(request, outcome))
  }

  /** Input: the outcome that the store has of it, where memory had none. */
  #decide(request: CommandRequest, stored: KnownOutcome | undefined): void {
    const { admission, outcomes, log, turns, contextOf, heardOf } = this.#ports
    const { principal, commandId, bodyHash, traceparent, command } = request
    const known = outcomes.find(principal, commandId) ?? stored
    if (known !== undefined) {
      const outcome = repeatedOutcome(known, bodyHash, commandId)
      // What is durable need not wait for what others have decided since: a store that is slow would keep it back again and again.
      return known.position <= log.durable ? request.answer(outcome) : this.#answer(request, outcome)
    }
    if (admission.isStalled) return request.answer({ ok: false, refusal: WRITES_STALLED })
    const tooMany = admission.refusalOf(command)
    if (tooMany !== null) return this.#answer(request, { ok: false, refusal: tooMany })

    let decided: TurnOutcome = { ok: false, refusal: INTERNAL }
    const refusal = turns.run({ principal, commandId, trace: traceparent, bodyHash }, turn => {
      decided = runCommand(turn, command, contextOf(request))
      return decided.ok ? decided.result : undefined
    })
    this.#answer(request, refusal === null ? outcomeAt(decided, log.head) : { ok: false, refusal })
    heardOf(request)
  }

  #answer(request: CommandRequest, outcome: Outcome): void {
    const { outbox, log } = this.#ports
    // A refusal, too, tells of states that must be durable before anybody hears of them.
    outbox.hold(log.head, () => request.answer(outcome), {
      drop: () => request.answer({ ok: false, refusal: INTERNAL }),
      // The record may become durable later. A client that repeats the command under its id then gets this outcome.
      refuse: () => request.answer({ ok: false, refusal: WRITES_STALLED }),
    })
  }
}

const outcomeAt = (decided: TurnOutcome, position: number): Outcome => (decided.ok ? { ...decided, position } : decided)

function repeatedOutcome(known: KnownOutcome, bodyHash: string, commandId: string): Outcome {
  if (known.isDamaged) {
    const message =
      `Command ${commandId} was carried out before, but its stored outcome is damaged. Check what the command did, ` +
      'and send it under a fresh id only if it is not done.'
    return refusedAs('stored-data-damaged', message, commandId)
  }
  if (known.bodyHash === bodyHash) return { ok: true, position: known.position, result: known.result }
  const message = `Command id ${commandId} was used before with another body; use a fresh id for a new command.`
  return refusedAs('conflict', message, commandId)
}

const refusedAs = (code: 'stored-data-damaged' | 'conflict', message: string, commandId: string): Refused => ({
  ok: false,
  refusal: { code, message, details: { commandId } },
})
