/**
 * The one doorway to comedy: typed references, one ordered mailbox a region, and one pump that delivers.
 *
 * comedy gives identity, the tree, delivery and life cycle. What it lacks is added here and in the mailboxes: handlers are
 * synchronous turns; a reference takes only the message types its behaviour declares; messages of a region are delivered in
 * the order in which they were told; the pump takes regions in turn, each for its share of messages and of time, and yields
 * to I/O after 2 ms; a mailbox has a bound.
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
import type { Sync } from '../base/sync.ts'
import type { Mailbox } from './mailbox.ts'
import { MailboxShares } from './mailbox-shares.ts'

/** What an actor does with its messages. `receive` runs to its end in one go; it never awaits. */
export interface Behaviour<M extends { readonly type: string }> {
  readonly accepts: readonly M['type'][]
  /** The messages that a full mailbox takes too: the engine's own, whose number at a time is bounded. */
  readonly neverRefused?: readonly M['type'][]
  receive(message: M): Sync<void>
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
/** A pump runs, which drains what comes. */
let isPumping = false

function takeOverScheduler(): void {
  if (schedulerTaken) return
  schedulerTaken = true
  const fromComedy = createRequire(createRequire(import.meta.url).resolve('comedy'))
  const bluebird = fromComedy('bluebird') as { setScheduler(run: (drain: () => void) => void): void }
  bluebird.setScheduler(drain => {
    waitingDrain = drain
    if (!isPumping) wakeAll()
  })
}

function wakeAll(): void {
  for (const system of liveSystems) system.wake()
}

function drainComedy(): void {
  if (waitingDrain === null) return
  const drain = waitingDrain
  waitingDrain = null
  drain()
}

const NONE: readonly string[] = []

/** How comedy makes an actor; its `initialize` hears of the actor itself. */
type Definition = Parameters<ComedyActor['createChild']>[0]

/**
 * An actor's address. Telling never waits and never throws.
 *
 * Modes: *named* (comedy knows nothing of it: it has had no message, nor has anything below it), *being made*, *standing*,
 * *ended*. A region has hundreds of thousands of actors and few of them are told anything in an hour; making them all
 * took 12 s of a start, so an actor is made when its first message is delivered.
 */
export class ActorRef<M extends { readonly type: string }> {
  readonly #name: string
  readonly #parent: ActorRef<never> | null
  readonly #system: ActorSystem
  readonly #mailbox: Mailbox
  readonly #behaviour: Behaviour<M>
  #self: ComedyActor | null = null
  #proxy: ComedyRef | null = null
  /** What has to wait until it stands; null while it is only named. */
  #early: { readonly messages: { readonly type: string }[]; readonly waiting: ((self: ComedyActor) => void)[] } | null =
    null
  #ended = false

  constructor(
    system: ActorSystem,
    parent: ActorRef<never> | null,
    mailbox: Mailbox,
    name: string,
    behaviour: Behaviour<M>,
  ) {
    this.#system = system
    this.#parent = parent
    this.#mailbox = mailbox
    this.#name = name
    this.#behaviour = behaviour
  }

  get path(): string {
    return this.#parent === null ? this.#name : `${this.#parent.path}/${this.#name}`
  }

  get mailbox(): Mailbox {
    return this.#mailbox
  }

  /** Whether comedy has made the actor. A message to an actor that has ended is dropped. */
  get stands(): boolean {
    return this.#proxy !== null || this.hasEnded
  }

  /** It, or one above it, was stopped. */
  get hasEnded(): boolean {
    return this.#ended || this.#parent?.hasEnded === true
  }

  /** Puts a message into the region's mailbox. False when it is full, and the message is of a type that it may refuse. */
  tell(message: M): boolean {
    const { accepts, neverRefused = NONE } = this.#behaviour
    if (!(accepts as readonly string[]).includes(message.type)) {
      this.#system.failed(this.path, new TypeError(`${this.path} takes no message of type ${message.type}`))
      return false
    }
    if (this.#mailbox.isFull && !(neverRefused as readonly string[]).includes(message.type)) return false
    this.#mailbox.push({ to: this, message })
    this.#system.wake()
    return true
  }

  /** For the mailbox: passes a letter on to comedy, or keeps it until the actor stands. */
  hand(message: { readonly type: string }): void {
    if (this.#proxy === null) {
      this.make()
      this.#early?.messages.push(message)
    } else if (this.#self?.getState() === 'ready') {
      // To one that has ended comedy would answer with a rejection that nobody awaits.
      void this.#proxy.send('receive', message)
    }
  }

  /** Has comedy make the actor, and whatever is above it, unless that has begun. */
  make(): void {
    if (this.#early !== null || this.#proxy !== null || this.hasEnded) return
    this.#early = { messages: [], waiting: [] }
    const definition = this.#system.definitionOf(this, this.#behaviour, self => {
      this.#self = self
    })
    this.#system.underParent(this.#parent, under => {
      const { path } = this
      under.createChild(definition, { mode: 'in-memory', name: this.#name, id: path }).then(
        proxy => this.#made(proxy),
        error => this.#system.failed(path, error),
      )
    })
  }

  #made(proxy: ComedyRef): void {
    this.#proxy = proxy
    const early = this.#early
    this.#early = null
    for (const message of early?.messages ?? []) this.hand(message)
    for (const waiting of early?.waiting ?? []) waiting(this.#self!)
    if (this.#ended) void this.#self!.destroy()
  }

  /** Runs when the actor stands, which it is made for. */
  whenMade(then: (self: ComedyActor) => void): void {
    this.make()
    if (this.#proxy !== null) then(this.#self!)
    else this.#early?.waiting.push(then)
  }

  /** For the system: it is told nothing more, and comedy ends it with everything below it. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#proxy !== null) void this.#self!.destroy()
  }
}

export class ActorSystem {
  readonly #options: ActorSystemOptions
  readonly #comedy: ComedySystem
  readonly #shares: MailboxShares
  #awake = false
  #stopped = false

  constructor(options: ActorSystemOptions) {
    this.#options = options
    this.#shares = new MailboxShares(options.monotonicMs, drainComedy)
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
    return this.#shares.add(name)
  }

  /** Gives a region's mailbox back; the answer is what nobody will be handed any more. */
  dropMailbox(mailbox: Mailbox): { readonly type: string }[] {
    return this.#shares.drop(mailbox)
  }

  mailboxes(): readonly Mailbox[] {
    return this.#shares.all
  }

  /** An actor under a parent (null: under the root). It can be told messages at once; the first one has it made. */
  spawn<M extends { readonly type: string }>(
    parent: ActorRef<never> | null,
    mailbox: Mailbox,
    name: string,
    behaviour: Behaviour<M>,
  ): ActorRef<M> {
    return new ActorRef<M>(this, parent, mailbox, name, behaviour)
  }

  /** For an actor's address: what comedy makes it from. */
  definitionOf<M extends { readonly type: string }>(
    ref: ActorRef<M>,
    behaviour: Behaviour<M>,
    initialized: (self: ComedyActor) => void,
  ): Definition {
    const { mailbox } = ref
    const shares = this.#shares
    return {
      initialize: (self: ComedyActor) => initialized(self),
      receive: (message: M) => {
        if (shares.isOver(mailbox)) return mailbox.putBack({ to: ref, message })
        try {
          behaviour.receive(message)
        } catch (error) {
          this.failed(ref.path, error)
        }
        shares.delivered()
      },
    }
  }

  /** For an actor's address: runs when that stands which the actor is to be made under. */
  underParent(parent: ActorRef<never> | null, create: (under: ComedyActor) => void): void {
    if (parent === null) this.#comedy.rootActor().then(create)
    else parent.whenMade(create)
  }

  /** Ends an actor and everything below it. */
  stop(ref: ActorRef<never>): void {
    ref.end()
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

  /** Delivers for about 2 ms, to each region its share in turn, then lets I/O have the loop. */
  readonly #pump = (): void => {
    isPumping = true
    let isDone = false
    try {
      drainComedy()
      isDone = this.#shares.serveInTurn()
    } finally {
      isPumping = false
      this.#awake = false
    }
    if (!isDone) this.wake()
    if (waitingDrain !== null) wakeAll()
  }
}
