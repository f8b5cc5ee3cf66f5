/**
 * Takes another policy between two turns: the next decision goes by it. What runs is set anew a part at a time, each a
 * message of its own; a policy that comes meanwhile begins that again. So is what a mass silence has left, once it is over.
 */
import type { DeadlineKeeper } from './deadline-keeper.ts'
import type { PolicyChange } from './messages.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { Rematch } from './rematch.ts'

interface PolicyIntakePorts {
  readonly policy: RegionPolicy
  readonly deadlines: Pick<DeadlineKeeper, 'policyChanged'>
  readonly rematch: Pick<Rematch, 'ask'>
  /** Puts it into the region's mailbox; then `goOn` is called. */
  readonly later: () => void
}

export class PolicyIntake {
  readonly #ports: PolicyIntakePorts
  /** The deadlines that are being set anew; null while none are. */
  #parts: Generator<undefined, void> | null = null
  #isMoreAsked = false

  constructor(ports: PolicyIntakePorts) {
    this.#ports = ports
  }

  take({ policy, onTaken }: PolicyChange): void {
    const { deadlines, rematch } = this.#ports
    if (this.#ports.policy.take(policy)) {
      // Who was passed over may be sent now, and who waits may have another place.
      rematch.ask()
      this.#parts = deadlines.policyChanged()
      this.#takePart()
    }
    onTaken?.()
  }

  /** Sets what runs anew, soon. */
  setAnew(): void {
    this.#parts = this.#ports.deadlines.policyChanged()
    this.#askForMore()
  }

  goOn(): void {
    this.#isMoreAsked = false
    this.#takePart()
  }

  #takePart(): void {
    if (this.#parts?.next().done !== false) this.#parts = null
    if (this.#parts !== null) this.#askForMore()
  }

  #askForMore(): void {
    if (this.#isMoreAsked) return
    this.#isMoreAsked = true
    this.#ports.later()
  }
}
