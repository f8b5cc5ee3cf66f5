/** Crews are put on duty by dispatchers, as by voice: many at once, for a fleet without a socket of its own. */
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { unitIdOf } from './fleet.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'

const IN_FLIGHT_EACH = 32

/** Input: a token a dispatcher; the drivers from `first` to before `end`. Errors: Error when one is refused. */
export async function signOnByVoice(
  port: number,
  tokens: readonly string[],
  first: number,
  end: number,
): Promise<void> {
  let next = first
  const work = (token: string) =>
    new Promise<void>((resolve, reject) => {
      let underWay = 0
      const order = () => {
        if (next >= end) return
        const unitId = unitIdOf(next++)
        underWay += 1
        socket.send(['set-unit-status', `on-${unitId}`, unitId, 'available', null, Date.now()])
      }
      const hears = (message: ServerMessage) => {
        if (message[0] === 'error') reject(new Error(`A crew was not signed on: ${message[2]}, ${message[3]}`))
        else if (message[0] === 'welcome') for (let i = 0; i < IN_FLIGHT_EACH; i++) order()
        else if (message[0] === 'reply') {
          underWay -= 1
          order()
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
