/**
 * What the same frames on as many sockets cost a server that does nothing with them: a process with uWebSockets.js that sends each
 * one back, and another that puts on the load. The yardstick beside which `ingest` sets the CPU of a fix.
 */
import { fileURLToPath } from 'node:url'
import { LoadChild } from './load-child.ts'
import type { FromEchoLoad, ToEchoLoad } from './raw-echo-load.ts'
import type { FromEcho, ToEcho } from './raw-echo-server.ts'

const SERVER = fileURLToPath(new URL('./raw-echo-server.ts', import.meta.url))
const LOAD = fileURLToPath(new URL('./raw-echo-load.ts', import.meta.url))

/** Input: frames of so many bytes, so many a second of all sockets together. Output: microseconds of CPU of the server, a frame. */
export async function rawEchoCpuUs(
  sockets: number,
  load: { readonly framesPerS: number; readonly bytes: number; readonly seconds: number },
): Promise<number> {
  const server = new LoadChild<ToEcho, FromEcho>(SERVER)
  server.send({ type: 'listen' })
  const { port } = await server.heard('listening')
  const clients = new LoadChild<ToEchoLoad, FromEchoLoad>(LOAD)
  clients.send({ type: 'connect', port, sockets })
  await clients.heard('connected')
  server.send({ type: 'measure' })
  await server.heard('measuring')
  clients.send({ type: 'run', ...load })
  await clients.heard('ran')
  server.send({ type: 'tell' })
  const { cpuUs, frames } = await server.heard('told')
  await Promise.all([clients.end(), server.end()])
  return cpuUs / frames
}
