/** A crew's shift: one session of its unit, the buttons that were pressed and are not answered yet, and its receiver. */
import {
  ClientClosed,
  CommandRefused,
  DriverClient,
  type DriverView,
  type SignIn,
  type TripEta,
  type TripPhase,
  type TripView,
} from '../../client/index.ts'
import { SaidOutcomes } from '../outcomes.ts'
import { wallMs } from '../passing-time.ts'
import { Topic } from '../topic.ts'
import { CallAlert } from './call-alert.ts'
import { say } from './crew-strings.ts'
import { furthest } from './next-phase.ts'
import { PositionReceiver } from './position-receiver.ts'
import { ScreenAwake } from './screen-awake.ts'

/** A button that was pressed and has no answer yet. */
export interface Press {
  readonly key: number
  readonly what: string
  /** Wall time. */
  readonly atMs: number
  /** The trip or offer that it was about, and the phase that it brings; null of other buttons. */
  readonly about: string | null
  readonly brings: TripPhase | null
}

/** What such a press is about; no id of a trip or offer. */
const EMERGENCY = 'emergency'
/** Where the engine has not said yet how often it wants positions. */
const CADENCE_MS = 10_000

export class CrewShift {
  readonly user: string
  readonly unitId: string
  readonly client: DriverClient
  readonly changes = new Topic()
  readonly outcomes = new SaidOutcomes()
  readonly alert = new CallAlert()
  readonly awake = new ScreenAwake()
  readonly receiver: PositionReceiver
  /** The oldest first, which is the order in which they are sent. */
  pressed: readonly Press[] = []
  /** The trip that ended last for this unit, as it was seen last. */
  lastTrip: TripView | null = null
  /** What the engine has taken last of what the crew has read; it tells so with the next change of the unit only. */
  read: { readonly callId: string; readonly noteNo: number } | null = null
  /** Wall time at which the connection was lost; null while it is open, or never was. */
  awaySinceMs: number | null = null
  ended: ClientClosed | null = null
  /** When the unit will be there, as the engine told last; null while it is on no way. */
  eta: TripEta | null = null
  #presses = 0
  #notesSeen = 0
  #takenSeen: string | null = null

  /** Input: a driver's sign-in, which is for one unit of one region. */
  constructor(signIn: SignIn, unitId: string) {
    this.user = signIn.user?.name ?? ''
    this.unitId = unitId
    const region = signIn.user?.regions[0] ?? ''
    const url = location.origin.replace(/^http/, 'ws')
    this.client = new DriverClient({ url, token: signIn.token, region, role: 'driver', unitId, warn: () => undefined })
    this.receiver = new PositionReceiver({
      report: fix => void this.client.report(fix),
      cadenceMs: () => (this.client.driver?.cadenceMs ?? CADENCE_MS) / this.client.clockRate,
      agoMs: ageMs =>
        this.client.driver === null ? undefined : this.client.regionNowMs() - ageMs * this.client.clockRate,
      changed: () => this.changes.tell(),
    })
    this.client.onState(driver => this.#took(driver))
    this.client.onOffer(() => this.alert.ring())
    this.client.onTripEnded(trip => {
      this.lastTrip = trip
    })
    this.client.onConnection(state => {
      if (state === 'open') this.awaySinceMs = null
      else if (this.client.driver !== null) this.awaySinceMs ??= wallMs()
      this.changes.tell()
    })
    this.client.watchEta(eta => {
      this.eta = eta
      this.changes.tell()
    })
    this.client.onWrites(() => this.changes.tell())
    this.client.onFault(() => this.changes.tell())
    this.client.onClosed(end => {
      this.ended = end
      this.#rest()
      this.changes.tell()
    })
  }

  close(): void {
    this.client.close()
    this.#rest()
    this.awake.close()
    this.alert.close()
  }

  get driver(): DriverView | null {
    return this.client.driver
  }
  get isOpen(): boolean {
    return this.client.connectionState === 'open'
  }
  /** Whether this crew is the one that is signed on. */
  get isOnDuty(): boolean {
    return this.driver !== null && this.driver.unit.crew === this.user
  }
  get callSign(): string {
    return this.driver?.unit.callSign ?? this.unitId
  }

  /** What would be lost with this page. */
  get isWaiting(): boolean {
    return this.pressed.length > 0 || this.client.fixesNotDurable > 0
  }

  /** The trip that is offered or worked on; null where there is none. */
  get trip(): TripView | null {
    return this.isOnDuty ? (this.driver?.trip ?? null) : null
  }

  /** Whether the trip was taken from the unit and its crew has not said here that it knows. */
  get takenTripId(): string | null {
    const taken = this.isOnDuty ? (this.driver?.unit.takenTripId ?? null) : null
    return this.pressed.some(({ about }) => about === taken) ? null : taken
  }

  /** Since when the crew calls for help for itself, wall time; `pressed`: the desk does not know yet. Null where it does not. */
  get emergency(): { readonly is: 'pressed' | 'known'; readonly atMs: number } | null {
    const sinceMs = this.driver?.unit.emergencySinceMs ?? null
    if (sinceMs !== null) return { is: 'known', atMs: wallMs() - (this.client.regionNowMs() - sinceMs) }
    const pressed = this.pressed.find(({ about }) => about === EMERGENCY)
    return pressed === undefined ? null : { is: 'pressed', atMs: pressed.atMs }
  }

  callEmergency(): Promise<boolean> {
    return this.press(say.emergency.call, () => this.client.callEmergency(), { about: EMERGENCY })
  }

  /** The phase with what was pressed here and is not answered yet. */
  phaseOf(trip: TripView): TripPhase {
    const pressed = this.pressed.filter(({ about }) => about === trip.tripId || about === trip.offer?.offerId)
    return furthest(
      trip.phase,
      pressed.flatMap(({ brings }) => brings ?? []),
    )
  }

  /** Does what a button says, now or with the next connection, in the order of the buttons. Output: whether it was done. */
  async press(
    what: string,
    command: () => Promise<unknown>,
    { about = null, brings = null }: Partial<Pick<Press, 'about' | 'brings'>> = {},
  ): Promise<boolean> {
    this.#presses += 1
    const press: Press = { key: this.#presses, what, atMs: wallMs(), about, brings }
    this.pressed = [...this.pressed, press]
    this.changes.tell()
    try {
      await command()
      return true
    } catch (error) {
      const isLost = error instanceof ClientClosed
      const message = error instanceof CommandRefused ? error.message : String((error as Error).message)
      this.outcomes.say('refused', isLost ? say.outcome.closed(what) : say.outcome.failed(what, message))
      return false
    } finally {
      this.pressed = this.pressed.filter(({ key }) => key !== press.key)
      this.changes.tell()
    }
  }

  /** The crew has read all notes of the call up to this one. */
  async readNotes(what: string, callId: string, noteNo: number): Promise<void> {
    const isDone = await this.press(what, () => this.client.readNotes(callId, noteNo), { about: callId })
    if (!isDone) return
    this.read = { callId, noteNo }
    this.changes.tell()
  }

  /** The receiver is on while the crew is on duty, and off before and after. */
  #took(driver: DriverView): void {
    const isOnDuty = this.isOnDuty && this.ended === null
    this.receiver.run(isOnDuty)
    this.awake.want(isOnDuty)
    const { takenTripId } = driver.unit
    const notes = (driver.trip?.notes ?? []).filter(({ unitId }) => unitId !== this.unitId).at(-1)?.noteNo ?? 0
    const isNew = (takenTripId !== null && takenTripId !== this.#takenSeen) || notes > this.#notesSeen
    if (isNew && isOnDuty) this.alert.ring()
    this.#takenSeen = takenTripId
    this.#notesSeen = notes
    this.changes.tell()
  }

  #rest(): void {
    this.receiver.run(false)
    this.awake.want(false)
  }
}
