/** Ports for engines that are started by hand. */
import { createServer } from 'node:net'

/**
 * A port that is free now, for an engine that another will follow on the same port.
 *
 * Below the ports that the system gives to outgoing connections: a client that keeps trying one of those would sooner
 * or later be given it as its own end, and so connect to itself. And not 0: a port that the system picked is bound
 * without SO_REUSEADDR, and cannot be taken again while connections of the engine that was killed linger.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const probe = createServer()
    const isFree = await new Promise<boolean>(resolve => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
