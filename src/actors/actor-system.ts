/**
 * The one doorway to comedy: typed references, one ordered mailbox a region, and one pump that delivers.
 *
 * comedy gives identity, the tree, delivery and life cycle. What it lacks is added here: handlers are synchronous
 * turns; a reference takes only the message types its behaviour declares; messages of a region are delivered in the
 * order in which they were told; the pump yields to I/O after 2 ms and takes regions in turn; a mailbox has a bound.
 * comedy delivers through a bluebird of its own on `setImmediate`; its scheduler is replaced by the pump, so that
 * whoever drives the pump (the event loop here, a seeded loop in a simulation) drives every delivery.
 */
import { createRequire } from 'node:module'
import {
  type Actor as ComedyActor,
  type ActorRef as ComedyRef,
  type ActorSystem as ComedySystem,
  createSystem,
} from 'comedy'

const YIELD_AFTER_MS = 2
const BATCH = 32
/** Messages waiting in one region's mailbox before `tell` answers false. */
export const MAILBOX_BOUND = 100_000

/** What an actor does with its messages. `receive` runs to its end in one go; it never awaits. */
export interface Behaviour<M extends { readonly type: string }> {
  readonly accepts: readonly M['type'][]
  receive(message: M): void
}

export interface ActorSystemOptions {
  /** Runs the function soon, after pending I/O: `setImmediate` in production. */
  readonly soon: (run: () => void) => void
  /** Monotonic milliseconds. */
  readonly monotonicMs: () => number
  /** A handler threw past its own turn: our mistake, told with the actor's path. */
  readonly onFailure: (path: string, error: unknown) => void
}

// comedy's bluebird is one a process, so its queue is drained by whichever pump runs next.
const liveSystems = new Set<ActorSystem>()
let waitingDrain: (() => void) | null = null
let schedulerTaken = false

function takeOverScheduler(): void {
  if (schedulerTaken) return
  schedulerTaken = true
  const fromComedy = createRequire(createRequire(import.meta.url).resolve('comedy'))
  const bluebird = fromComedy('bluebird') as { setScheduler(run: (drain: () => void) => void): void }
  bluebird.setScheduler(drain => {
    waitingDrain = drain
    for (const system of liveSystems) system.wake()
  })
}

function drainComedy(): boolean {
  if (waitingDrain === null) return false
  const drain = waitingDrain
  waitingDrain = null
  drain()
  return true
}

interface Letter {
  readonly to: ActorRef<never>
  readonly message: { readonly type: string }
}

/** The ordered queue of everything told to one region's actors. */
export class Mailbox {
  readonly name: string
  #letters: (Letter | undefined)[] = []
  #head = 0

  constructor(name: string) {
    this.name = name
  }

  get depth(): number {
    return this.#letters.length - this.#head
  }

  push(letter: Letter): boolean {
    if (this.depth >= MAILBOX_BOUND) return false
    this.#letters.push(letter)
    return true
  }

  /** Takes out the messages that were not handed to anybody. */
  empty(): { readonly type: string }[] {
    const messages = this.#letters.slice(this.#head).map(letter => letter!.message)
    this.#letters = []
    this.#head = 0
    return messages
  }

  /** Hands up to `BATCH` letters to comedy; true when there was one. */
  deliver(): boolean {
    const end = Math.min(this.#head + BATCH, this.#letters.length)
    if (this.#head === end) return false
    for (; this.#head < end; this.#head++) {
      const letter = this.#letters[this.#head]!
      this.#letters[this.#head] = undefined
      letter.to.hand(letter.message)
    }
    if (this.#head === this.#letters.length) {
      this.#letters = []
      this.#head = 0
    } else if (this.#head > 4_096 && this.#head * 2 > this.#letters.length) {
      this.#letters = this.#letters.slice(this.#head)
      this.#head = 0
    }
    return true
  }
}

/** An actor's address. Telling never waits and never throws. */
export class ActorRef<M extends { readonly type: string }> {
  readonly path: string
  readonly #system: ActorSystem
  readonly #mailbox: Mailbox
  readonly #accepts: readonly string[]
  #self: ComedyActor | null = null
  #proxy: ComedyRef | null = null
  /** Messages and children that came before comedy had made the actor. */
  #early: { readonly type: string }[] = []
  #waiting: ((self: ComedyActor) => void)[] = []

  constructor(system: ActorSystem, mailbox: Mailbox, path: string, accepts: readonly string[]) {
    this.path = path
    this.#system = system
    this.#mailbox = mailbox
    this.#accepts = accepts
  }

  get mailbox(): Mailbox {
    return this.#mailbox
  }

  /** Puts a message into the region's mailbox. False when the mailbox is full: the message is not taken. */
  tell(message: M): boolean {
    if (!this.#accepts.includes(message.type)) {
      this.#system.failed(this.path, new TypeError(`${this.path} takes no message of type ${message.type}`))
      return false
    }
    if (!this.#mailbox.push({ to: this as unknown as ActorRef<never>, message })) return false
    this.#system.wake()
    return true
  }

  /** For the mailbox: passes a letter on to comedy, or keeps it until the actor stands. */
  hand(message: { readonly type: string }): void {
    if (this.#proxy === null) this.#early.push(message)
    // To one that has ended comedy would answer with a rejection that nobody awaits.
    else if (this.#self?.getState() === 'ready') void this.#proxy.send('receive', message)
  }

  /** For the system: comedy has made the actor. */
  made(self: ComedyActor, proxy: ComedyRef): void {
    this.#self = self
    this.#proxy = proxy
    for (const message of this.#early) this.hand(message)
    this.#early = []
    for (const waiting of this.#waiting) waiting(self)
    this.#waiting = []
  }

  whenMade(then: (self: ComedyActor) => void): void {
    if (this.#self === null) this.#waiting.push(then)
    else then(this.#self)
  }
}

export class ActorSystem {
  readonly #options: ActorSystemOptions
  readonly #comedy: ComedySystem
  readonly #mailboxes: Mailbox[] = []
  #next = 0
  #awake = false
  #stopped = false

  constructor(options: ActorSystemOptions) {
    this.#options = options
    takeOverScheduler()
    const before = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') }
    // `test` silences comedy's own logger and keeps it from watching configuration files.
    this.#comedy = createSystem({ test: true, config: {} })
    // comedy's signal handlers call process.exit(0) at once; the engine drains by its own rules.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      for (const listener of process.listeners(signal)) {
        if (!before[signal].includes(listener)) process.removeListener(signal, listener)
      }
    }
    liveSystems.add(this)
    // comedy's first promises were made before this system could be woken for them.
    this.wake()
  }

  /** A mailbox of its own for one region; every actor of the region shares it, which gives the region one order. */
  mailbox(name: string): Mailbox {
    const mailbox = new Mailbox(name)
    this.#mailboxes.push(mailbox)
    return mailbox
  }

  /** Gives a region's mailbox back; the answer is what nobody will be handed any more. */
  dropMailbox(mailbox: Mailbox): { readonly type: string }[] {
    const index = this.#mailboxes.indexOf(mailbox)
    if (index >= 0) this.#mailboxes.splice(index, 1)
    return mailbox.empty()
  }

  mailboxes(): readonly Mailbox[] {
    return this.#mailboxes
  }

  /** Makes an actor under a parent (null: under the root). It can be told messages at once; they wait until it stands. */
  spawn<M extends { readonly type: string }>(
    parent: ActorRef<never> | null,
    mailbox: Mailbox,
    name: string,
    behaviour: Behaviour<M>,
  ): ActorRef<M> {
    const path = parent === null ? name : `${parent.path}/${name}`
    const ref = new ActorRef<M>(this, mailbox, path, behaviour.accepts)
    let self: ComedyActor
    const definition = {
      initialize: (actor: ComedyActor) => {
        self = actor
      },
      receive: (message: M) => {
        try {
          behaviour.receive(message)
        } catch (error) {
          this.failed(path, error)
        }
      },
    }
    const create = (under: ComedyActor) => {
      under.createChild(definition, { mode: 'in-memory', name, id: path }).then(
        proxy => ref.made(self, proxy),
        error => this.failed(path, error),
      )
    }
    if (parent === null) this.#comedy.rootActor().then(create)
    else parent.whenMade(create)
    return ref
  }

  /** Ends an actor and everything below it. */
  stop(ref: ActorRef<never>): void {
    ref.whenMade(self => void self.destroy())
  }

  failed(path: string, error: unknown): void {
    this.#options.onFailure(path, error)
  }

  /** Something waits to be delivered. */
  wake(): void {
    if (this.#awake || this.#stopped) return
    this.#awake = true
    this.#options.soon(this.#pump)
  }

  async close(): Promise<void> {
    await this.#comedy.destroy()
    this.#stopped = true
    liveSystems.delete(this)
  }

  /** Delivers for at most 2 ms, a batch from each region in turn, then lets I/O have the loop. */
  readonly #pump = (): void => {
    this.#awake = false
    const until = this.#options.monotonicMs() + YIELD_AFTER_MS
    do {
      let busy = drainComedy()
      for (let i = 0; i < this.#mailboxes.length; i++) {
        const mailbox = this.#mailboxes[this.#next++ % this.#mailboxes.length]!
        if (mailbox.deliver()) busy = true
        drainComedy()
      }
      if (!busy) return
    } while (this.#options.monotonicMs() < until)
    this.wake()
  }
}
