/** A shift at the desk: one session with its board, map and reads, what is selected, and what became of commands. */
import {
  type AlarmView,
  type Bounds,
  type ClientClosed,
  connect,
  type DispatcherClient,
  EngineReads,
  type FleetView,
  type HospitalInfo,
  type KeptBoard,
  placeInDegrees,
  type RegionInfo,
  type RoadsInfo,
  type SignIn,
  type StationInfo,
  type TripView,
} from '../client/index.ts'
import { AlarmBell } from './alarm-bell.ts'
import { ArrivalWatch } from './arrival-watch.ts'
import { CoverageLook, type FreeUnit } from './coverage-look.ts'
import { DeedLog } from './deed-log.ts'
import { metresBetween } from './format.ts'
import { keepLastBoards, readLastBoard } from './last-board.ts'
import { SaidOutcomes } from './outcomes.ts'
import { later, wallMs } from './passing-time.ts'
import { word } from './spoken-words.ts'
import { t } from './strings.ts'
import { Topic } from './topic.ts'
import { TrackReplay } from './track-replay.ts'
import { Tries } from './tries.ts'

export interface Place {
  readonly lonDeg: number
  readonly latDeg: number
}

/** What stands beside the board. */
export type Panel =
  | { readonly is: 'none' }
  | { readonly is: 'call' }
  | { readonly is: 'trip'; readonly tripId: string }
  /** A crew on the radio; null: its unit is still to be named. */
  | { readonly is: 'radio'; readonly unitId: string | null }

const ROADS_AGAIN_MS = 5_000
/** How old a hospital's status may be on this page. */
const HOSPITALS_AGAIN_MS = 15_000
/** Of a region with more units those in sight of the map are followed. */
const UNITS_FOLLOWED = 2_000

export class Shift {
  readonly region: string
  readonly user: string
  /** A supervisor reads tracks of units as well. */
  readonly role: 'dispatcher' | 'supervisor'
  readonly client: DispatcherClient
  readonly board: KeptBoard
  readonly fleet: FleetView
  readonly reads: EngineReads
  readonly outcomes = new SaidOutcomes()
  readonly activity: DeedLog
  readonly arrivals: ArrivalWatch
  readonly bell: AlarmBell
  readonly coverage: CoverageLook
  readonly track: TrackReplay
  /** Board, connection, or what was read changed. */
  readonly changes = new Topic()
  /** Selection, panel or the place of a new call changed. */
  readonly choices = new Topic()
  info: RegionInfo
  roads: RoadsInfo = { version: null, bounds: null, background: null }
  hospitals: readonly HospitalInfo[] = []
  stations: readonly StationInfo[] = []
  /** By priority: for how long a trip may wait before that is an alarm. */
  waitLimitMs: Readonly<Record<string, number>> = {}
  /** Wall time at which the board stopped being current last; null while it never was. */
  oldSinceMs: number | null = null
  ended: ClientClosed | null = null
  panel: Panel = { is: 'none' }
  /** Of a call that is being entered or moved. */
  place: Place | null = null
  /** An open trip's call is being moved. */
  isMoving = false
  /** Where the map looks, as far as it is known. */
  centre: Place | null = null

  readonly #tries: Tries
  readonly #stopKeeping: () => void
  /** The board is the engine's own, and not the one that was kept. */
  #isTold = false

  constructor(signIn: SignIn, region: string) {
    const url = location.origin
    this.region = region
    this.user = signIn.user?.name ?? ''
    this.info = { region, name: region, timeZone: 'UTC' }
    this.role = signIn.user?.role === 'supervisor' ? 'supervisor' : 'dispatcher'
    this.client = connect({
      ...{ url: url.replace(/^http/, 'ws'), token: signIn.token, region, role: this.role },
      warn: () => undefined,
    })
    this.reads = new EngineReads({ url, token: signIn.token })
    this.board = this.client.keepBoard()
    this.fleet = this.client.fleet()
    this.activity = new DeedLog(this.user)
    this.#readLast()
    const { outcomes, board, activity, client } = this
    this.#tries = new Tries({ outcomes, board, activity, timeZone: () => this.info.timeZone })
    this.arrivals = new ArrivalWatch(client, () => this.changes.tell())
    this.coverage = new CoverageLook({ client, freeUnits: () => this.#freeUnits(), nowMs: () => this.nowMs() })
    this.track = new TrackReplay(this.reads, region)
    this.bell = new AlarmBell({
      alarms: () => (this.#isTold ? [...board.alarms.values()] : null),
      nowMs: () => this.nowMs(),
      said: ({ kind, unitId }) => [word('alarm', kind), unitId === null ? '' : this.callSign(unitId)].join(' '),
    })
    this.#followHospitals()
    this.#stopKeeping = keepLastBoards(region, board, () => this.isCurrent)
    this.#listen()
  }

  #listen(): void {
    this.board.onChanged(record => {
      if (record === null) this.#isTold = true
      else this.activity.read(record)
      this.bell.look()
      this.changes.tell()
    })
    this.client.onWrites(() => this.changes.tell())
    let wasOpen = false
    this.client.onConnection(state => {
      if (state === 'open') void this.#read()
      else if (wasOpen) this.oldSinceMs = wallMs()
      wasOpen = state === 'open'
      this.changes.tell()
    })
    this.client.onFault(() => this.changes.tell())
    this.client.onClosed(end => {
      this.ended = end
      this.changes.tell()
    })
  }

  /** What was on the board as this tab saw it last, until the engine tells it anew. */
  #readLast(): void {
    const last = readLastBoard(this.region)
    if (last === null) return
    this.board.onSnapshot(last)
    this.oldSinceMs = last.savedAtMs
  }

  close(): void {
    this.#stopKeeping()
    this.arrivals.close()
    this.coverage.close()
    this.track.close()
    this.bell.close()
    this.#tries.close()
    this.client.close()
  }

  nowMs(): number {
    return this.client.regionNowMs()
  }

  /** Whether the board is current: connected, and a snapshot was seen. */
  get isCurrent(): boolean {
    return this.client.connectionState === 'open' && this.#isTold
  }

  /** The trips of the board, those that wait first, the most urgent and oldest first. */
  tripsInOrder(): TripView[] {
    return [...this.board.trips.values()].sort(
      (a, b) => Number(isActive(a)) - Number(isActive(b)) || a.priority - b.priority || a.receivedAtMs - b.receivedAtMs,
    )
  }

  /** Open alarms: crews that call for help, then those that nobody answers for, the most severe and oldest first; what was put aside last. */
  alarmsInOrder(): AlarmView[] {
    const nowMs = this.nowMs()
    const rank = ({ kind, shelvedUntilMs, acknowledgedBy }: AlarmView) =>
      (shelvedUntilMs ?? 0) > nowMs ? 3 : acknowledgedBy !== null ? 2 : kind === 'emergency' ? 0 : 1
    return [...this.board.alarms.values()].sort(
      (a, b) => rank(a) - rank(b) || a.severity - b.severity || a.raisedAtMs - b.raisedAtMs,
    )
  }

  callSign(unitId: string): string {
    return this.board.units.get(unitId)?.callSign ?? unitId
  }

  /**
   * Looks there with the map, and at the whole region as long as that is not too much: then the age of every position is known.
   * Without bounds at the region alone.
   */
  look(view: Bounds | null): void {
    const { bounds } = this.roads
    const region = bounds !== null && this.board.units.size <= UNITS_FOLLOWED ? bounds : null
    const both = region === null ? view : view === null ? region : around(region, view)
    if (both === null) return
    try {
      this.fleet.lookAt(both)
    } catch {
      // More than half the world is too much to follow; the units stay as they were.
    }
  }

  open(panel: Panel): void {
    this.panel = panel
    if (panel.is !== 'call') this.place = null
    this.isMoving = false
    this.track.close()
    this.arrivals.open(this.selectedTripId)
    this.choices.tell()
  }

  takePlace(place: Place | null): void {
    this.place = place
    this.choices.tell()
  }

  /** The call of the open trip is given another place, by the map or a field; or no more. */
  move(isMoving: boolean): void {
    this.isMoving = isMoving
    this.place = isMoving ? this.selectedPlace() : null
    this.choices.tell()
  }

  /** A click on the map says where a call is. */
  get isPlacing(): boolean {
    return this.panel.is === 'call' || this.isMoving
  }

  get selectedTripId(): string | null {
    return this.panel.is === 'trip' ? this.panel.tripId : null
  }

  /** Where the selected trip is; null where none is. */
  selectedPlace(): Place | null {
    const trip = this.selectedTripId === null ? undefined : this.board.trips.get(this.selectedTripId)
    return trip === undefined ? null : placeInDegrees(trip)
  }

  /** This user answers for the alarm. */
  acknowledge({ alarmId, kind }: AlarmView): Promise<unknown> {
    return this.tryTo(`${t.board.acknowledge}: ${word('alarm', kind)}`, () => this.client.acknowledgeAlarm(alarmId))
  }

  /** As `Tries.to`. */
  tryTo<Result>(
    what: string,
    command: () => Promise<{ readonly result: Result }>,
    tripId?: string,
  ): Promise<Result | null> {
    return this.#tries.to(what, command, tripId)
  }

  /** The nearest to the middle of the map first. */
  #freeUnits(): FreeUnit[] {
    const from = this.centre
    const far = (unit: FreeUnit) => (from === null ? 0 : metresBetween(from, unit))
    return [...this.fleet].filter(({ status }) => status === 'available').sort((a, b) => far(a) - far(b))
  }

  /** An engine that has just started may still be reading them. */
  #takeRoads(roads: RoadsInfo): void {
    this.roads = roads
    if (this.fleet.tiles.length === 0) this.look(null)
    this.changes.tell()
    if (roads.version !== null || this.ended !== null) return
    later(
      ROADS_AGAIN_MS,
      () =>
        void this.reads
          .roads(this.region)
          .then(read => this.#takeRoads(read))
          .catch(() => undefined),
    )
  }

  /** Others say whether one takes patients, too. */
  #followHospitals(): void {
    later(HOSPITALS_AGAIN_MS, () => {
      if (this.ended !== null) return
      void this.readHospitals().then(() => this.#followHospitals())
    })
  }

  /** What cannot be read stays as it was. */
  async readHospitals(): Promise<void> {
    if (this.client.connectionState !== 'open') return
    const hospitals = await this.reads.hospitals(this.region).catch(() => this.hospitals)
    if (JSON.stringify(hospitals) === JSON.stringify(this.hospitals)) return
    this.hospitals = hospitals
    this.changes.tell()
  }

  /** What changes seldom. It is read with each new connection; what cannot be read stays as it was. */
  async #read(): Promise<void> {
    const unlessAway = <T>(read: Promise<T>, take: (read: T) => void) => read.then(take).catch(() => undefined)
    await Promise.all([
      unlessAway(this.reads.regions(), regions => {
        this.info = regions.find(({ region }) => region === this.region) ?? this.info
      }),
      this.readHospitals(),
      unlessAway(this.reads.stations(this.region), stations => {
        this.stations = stations
      }),
      unlessAway(this.reads.roads(this.region), roads => this.#takeRoads(roads)),
      unlessAway(this.reads.waitLimits(this.region), limits => {
        this.waitLimitMs = limits
      }),
    ])
    this.changes.tell()
  }
}

/** What holds both. */
const around = (a: Bounds, b: Bounds): Bounds => ({
  westDeg: Math.min(a.westDeg, b.westDeg),
  southDeg: Math.min(a.southDeg, b.southDeg),
  eastDeg: Math.max(a.eastDeg, b.eastDeg),
  northDeg: Math.max(a.northDeg, b.northDeg),
})

/** A unit works on it. */
export const isActive = ({ phase }: Pick<TripView, 'phase'>): boolean => phase !== 'pending' && phase !== 'offered'
