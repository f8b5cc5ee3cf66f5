/** Crews are put on duty by dispatchers, as by voice: many at once, for a fleet without a socket of its own. */
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { unitIdOf } from './fleet.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'

const IN_FLIGHT_EACH = 32

/**
 * Input: a token a dispatcher; the drivers from `first` to before `end`. What is to come again is sent again when the engine says.
 * Errors: Error when one is refused for good.
 */
export async function signOnByVoice(
  port: number,
  tokens: readonly string[],
  first: number,
  end: number,
): Promise<void> {
  let next = first
  const work = (token: string) =>
    new Promise<void>((resolve, reject) => {
      // A command that comes again is the same to the last field.
      const happenedAtMs = Date.now()
      let underWay = 0
      const order = (unitId: string) =>
        void socket.send(['set-unit-status', `on-${unitId}`, unitId, 'available', null, happenedAtMs])
      const orderNext = () => {
        if (next >= end) return
        underWay += 1
        order(unitIdOf(next++))
      }
      const hears = (message: ServerMessage) => {
        if (message[0] === 'error') {
          const [, id, code, text, details] = message
          const againMs = details?.retryAfterMs
          if (id === null || typeof againMs !== 'number')
            reject(new Error(`A crew was not signed on: ${code}, ${text}`))
          else setTimeout(() => order(id.slice('on-'.length)), againMs)
        } else if (message[0] === 'welcome') {
          for (let i = 0; i < IN_FLIGHT_EACH; i++) orderNext()
        } else if (message[0] === 'reply') {
          underWay -= 1
          orderNext()
        } else return
        if (underWay > 0) return
        resolve()
        socket.cut()
      }
      const socket = new RawSocket(port, {
        onOpen: () => socket.send(['hello', 'hello', token, REGION, 'dispatcher', null, Date.now(), []]),
        onMessage: hears,
        onEnd: why => reject(new Error(`A dispatcher was cut off: ${why}`)),
      })
    })
  await Promise.all(tokens.map(work))
}
