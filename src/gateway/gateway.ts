/** The door of the process: one port for WebSockets and HTTP. */

import { setTimeout as delay } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import { systemClock } from '../base/time.ts'
import { isFixStored } from '../store/location/stored-fix.ts'
import { CutLog } from './cut-log.ts'
import { Entrance } from './entrance.ts'
import { HttpConnections } from './http-connections.ts'
import { Limiter } from './limits/limiter.ts'
import { Readings } from './readings.ts'
import { type HttpDoorPorts, mountRoutes } from './routes/index.ts'
import { SessionRegistry } from './session-registry.ts'
import { StoreWaits } from './store-waits.ts'
import { CertificateWatch, checkCertificate, type TlsFiles } from './tls.ts'
import { TrackerIntake } from './tracker-intake.ts'
import type { DoorApp, OpenDoor, Transport } from './transport/transport.ts'
import { mountNoUpgrade, mountWsDoor, type WsDoorPorts } from './ws-door.ts'

/** The ports of the two doors; each part of the gateway takes the ones that it needs. */
type GatewayPorts = WsDoorPorts & HttpDoorPorts & MadePorts & MadeBetween

/** What a gateway makes for itself: one of each, for both doors. */
interface MadePorts {
  readonly sessions: SessionRegistry
  readonly limiter: Limiter
  readonly entrance: Entrance
  readonly connections: HttpConnections
  readonly storeWaits: StoreWaits
  readonly cuts: CutLog
  readonly newSessionId: () => string
}

/** What it makes for what passes between clients and regions. */
interface MadeBetween {
  readonly readings: Readings
  readonly trackers: TrackerIntake
}

export interface GatewayOptions extends Omit<GatewayPorts, keyof MadePorts | keyof MadeBetween> {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Null: plain HTTP and WebSocket. */
  readonly tls: TlsFiles | null
  readonly transport: Transport
}

export interface Gateway {
  /** The port that was taken. */
  readonly port: number
  /** How many clients are signed in. */
  readonly sessions: number
  /**
   * Takes no more connections, and tells all sessions to reconnect after `afterMs` plus a random share of a spread, which
   * is the longer the more there are. Those who are connected are served until `close`.
   */
  beginDrain(afterMs: number): void
  /** Ends what is left: sessions with 4503, requests unanswered. */
  close(): Promise<void>
}

/** How long the close frames get to reach the clients before the sockets are cut. */
const LINGER_MS = 50

/** Errors: PortTaken; CertificateUnfit. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { tls, log, metrics, transport, host, port } = options
  const ports = portsOf(options)
  try {
    if (tls !== null) {
      const goodUntil = checkCertificate(tls)
      if (goodUntil.getTime() < Date.now()) log.error({ ...tls, goodUntil }, 'the certificate has expired; replace it')
    }
    const door = await transport.open({ host, port, tls, log, mount: app => mountAll(app, ports) })
    const watch = tls === null ? null : new CertificateWatch(tls, () => door.changeCertificate(), log, metrics)
    return new RunningGateway(ports, door, watch)
  } catch (error) {
    // Its timer would keep a process from ending that could not start.
    ports.sessions.stop()
    throw error
  }
}

function portsOf(options: GatewayOptions): GatewayPorts {
  const { tls, door, metrics, log } = options
  const entrance = new Entrance(door, tls !== null, metrics)
  return {
    ...options,
    sessions: new SessionRegistry(door.limits.helloTimeoutMs, options.revocations, options.wallClock, systemClock),
    limiter: new Limiter(door.limits, metrics, systemClock),
    entrance,
    connections: new HttpConnections(door.limits, entrance, metrics),
    storeWaits: new StoreWaits(options.store, systemClock),
    cuts: new CutLog(log, systemClock),
    newSessionId: nanoid,
    readings: new Readings(options.audit),
    trackers: new TrackerIntake({
      wallClock: options.wallClock,
      isStored: sought => isFixStored(options.database, sought),
    }),
  }
}

function mountAll(app: DoorApp, ports: GatewayPorts): void {
  ports.connections.mount(app)
  mountWsDoor(app, ports)
  mountNoUpgrade(app, ports)
  mountRoutes(app, ports)
}

class RunningGateway implements Gateway {
  readonly #ports: GatewayPorts
  readonly #door: OpenDoor
  readonly #watch: CertificateWatch | null

  constructor(ports: GatewayPorts, door: OpenDoor, watch: CertificateWatch | null) {
    this.#ports = ports
    this.#door = door
    this.#watch = watch
  }

  get port(): number {
    return this.#door.port
  }

  get sessions(): number {
    let count = 0
    for (const conversation of this.#ports.sessions) if (conversation.isSignedIn) count += 1
    return count
  }

  beginDrain(afterMs: number): void {
    this.#stopAccepting()
    this.#ports.sessions.goAway(afterMs)
  }

  async close(): Promise<void> {
    this.#stopAccepting()
    const { sessions } = this.#ports
    const hadConversations = sessions.size > 0
    sessions.end()
    if (hadConversations) await delay(LINGER_MS)
    this.#door.close()
    this.#ports.storeWaits.stop()
    this.#ports.cuts.stop()
  }

  #stopAccepting(): void {
    this.#watch?.close()
    this.#door.stopAccepting()
  }
}
