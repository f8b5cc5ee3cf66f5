/**
 * The browser's positions, as often as the engine wants them, into the client's buffer, which keeps them through gaps.
 *
 * A receiver that stands still may tell nothing by itself, so it is asked again whenever the last position is older than the
 * engine's cadence.
 */
import type { ReportedFix } from '../../client/index.ts'
import { every, wallMs } from '../passing-time.ts'

/** Why there is no position now; `ok` where there is. */
export type ReceiverState = 'off' | 'waiting' | 'ok' | 'denied' | 'insecure' | 'none' | 'failed'

export interface PositionReceiverPorts {
  readonly report: (fix: ReportedFix) => void
  readonly cadenceMs: () => number
  /** Region time of so long ago; undefined while region time is not known. */
  readonly agoMs: (ageMs: number) => number | undefined
  readonly changed: () => void
}

export interface OwnPosition {
  readonly lonDeg: number
  readonly latDeg: number
  readonly accuracyM: number
  readonly speedMps: number | null
  readonly headingDeg: number | null
  /** Wall time. */
  readonly measuredAtMs: number
}

/** What a browser has kept for longer is no position of now. */
const AGE_MAX_MS = 60_000
const LOOK_EVERY_MS = 1_000
/** A position that comes this much early is not left out. */
const EARLY_MS = 500
const TIMEOUT_MS = 20_000

export class PositionReceiver {
  readonly #ports: PositionReceiverPorts
  #state: ReceiverState = 'off'
  #latest: OwnPosition | null = null
  #reportedAtMs = Number.NEGATIVE_INFINITY
  /** The latest was not reported, since it came too early. */
  #isNew = false
  #isAsking = false
  #stop: (() => void) | null = null

  constructor(ports: PositionReceiverPorts) {
    this.#ports = ports
  }

  get state(): ReceiverState {
    return this.#state
  }
  get latest(): OwnPosition | null {
    return this.#latest
  }

  run(isOn: boolean): void {
    if (isOn === (this.#stop !== null)) return
    if (!isOn) {
      this.#stop?.()
      this.#stop = null
      this.#latest = null
      this.#become('off')
      return
    }
    this.#become(!isSecureContext ? 'insecure' : 'geolocation' in navigator ? 'waiting' : 'none')
    if (this.#state !== 'waiting') {
      this.#stop = () => undefined
      return
    }
    const watch = navigator.geolocation.watchPosition(this.#took, this.#failed, {
      enableHighAccuracy: true,
      timeout: TIMEOUT_MS,
    })
    const stopLooking = every(LOOK_EVERY_MS, () => this.#look())
    this.#stop = () => {
      navigator.geolocation.clearWatch(watch)
      stopLooking()
    }
  }

  readonly #took = ({ coords, timestamp }: GeolocationPosition): void => {
    if (this.#stop === null) return
    const nowMs = wallMs()
    const ageMs = Math.max(0, nowMs - timestamp)
    if (ageMs > AGE_MAX_MS) return
    const { longitude: lonDeg, latitude: latDeg, accuracy: accuracyM, speed: speedMps, heading: headingDeg } = coords
    this.#latest = { lonDeg, latDeg, accuracyM, speedMps, headingDeg, measuredAtMs: nowMs - ageMs }
    this.#isNew = true
    this.#become('ok')
    if (nowMs - this.#reportedAtMs >= this.#ports.cadenceMs() - EARLY_MS) this.#report(this.#latest)
  }

  #report({ measuredAtMs, ...measured }: OwnPosition): void {
    const nowMs = wallMs()
    this.#isNew = false
    this.#reportedAtMs = nowMs
    const fixedAtMs = this.#ports.agoMs(nowMs - measuredAtMs)
    this.#ports.report({ ...measured, ...(fixedAtMs === undefined ? {} : { fixedAtMs }) })
  }

  readonly #failed = ({ code }: GeolocationPositionError): void => {
    if (this.#stop !== null) this.#become(code === GeolocationPositionError.PERMISSION_DENIED ? 'denied' : 'failed')
  }

  #look(): void {
    if (this.#isAsking || wallMs() - this.#reportedAtMs < this.#ports.cadenceMs()) return
    if (this.#isNew && this.#latest !== null) return this.#report(this.#latest)
    if (document.visibilityState !== 'visible') return
    this.#isAsking = true
    const done = () => {
      this.#isAsking = false
    }
    navigator.geolocation.getCurrentPosition(
      position => {
        done()
        this.#took(position)
      },
      error => {
        done()
        this.#failed(error)
      },
      { enableHighAccuracy: true, maximumAge: LOOK_EVERY_MS, timeout: TIMEOUT_MS },
    )
  }

  #become(state: ReceiverState): void {
    if (state === this.#state) return
    this.#state = state
    this.#ports.changed()
  }
}
