/**
 * The fleet of the costs bench, in a process of its own: every crew is signed on and connected and drives about, so that
 * whoever asks for the map, the board or the nearest has something to be shown.
 *
 * Its parent sends the plan once and hears `ready` when all are on duty and have been placed.
 */
import { toE7 } from '../src/protocol/fix-frame.ts'
import { seeded } from '../tools/shared/random.ts'
import { type City, drive, newVehicle, unitIdOf } from './fleet.ts'
import { serveParent, tellParent } from './load-child.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'
import { ACCURACY_DM } from './sent-fixes.ts'

export interface CrewsPlan {
  readonly type: 'drive'
  readonly port: number
  /** One a unit. */
  readonly tokens: readonly string[]
}
export type FromCrews = { readonly type: 'ready' }

const CITY: City = { radiusM: 25_000 }
const CADENCE_MS = 15_000
const SIGNING_ON_AT_ONCE = 64

serveParent<CrewsPlan>(async ({ port, tokens }) => {
  let next = 0
  const worker = async () => {
    for (let index = next++; index < tokens.length; index = next++) await startCrew(port, tokens[index]!, index)
  }
  await Promise.all(Array.from({ length: SIGNING_ON_AT_ONCE }, worker))
  tellParent<FromCrews>({ type: 'ready' })
})

/** Resolves when the crew is on duty; from then on it reports where it is. */
function startCrew(port: number, token: string, index: number): Promise<void> {
  const unitId = unitIdOf(index)
  const random = seeded(index + 1)
  const vehicle = newVehicle(index, CITY, 1, random)
  const helloMs = Date.now()
  return new Promise((resolve, reject) => {
    let seq = 0
    const report = () => {
      drive(vehicle, CADENCE_MS / 1_000, CITY, random)
      const { lonDeg, latDeg, speedMps, headingDeg } = vehicle
      const fix = [++seq, 0, toE7(lonDeg), toE7(latDeg), ACCURACY_DM, Math.round(speedMps * 100)] as const
      socket.send(['fix', 0, Date.now() - helloMs, [...fix, headingDeg === null ? null : headingDeg * 10]])
    }
    const socket = new RawSocket(port, {
      onOpen: () => {
        socket.send(['hello', 'hello', token, REGION, 'driver', unitId, helloMs, [['bench', 'gnss', 1]]])
      },
      onMessage: message => {
        if (message[0] === 'welcome') socket.send(['sign-on', `on-${unitId}`, Date.now()])
        else if (message[0] === 'reply') {
          report()
          // Each at a moment of its own.
          setTimeout(() => setInterval(report, CADENCE_MS), random() * CADENCE_MS)
          resolve()
        }
      },
      // Not of interest once it is on duty: a scene's driver takes over from its crew.
      onEnd: why => reject(new Error(`Unit ${unitId} was cut off: ${why}`)),
    })
  })
}
