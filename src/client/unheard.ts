/** Troubles that nobody listens for: told once, since a program that only waits shows nothing of what it waits for. */
import type { Commands } from './commands.ts'
import type { EngineConnection } from './connection.ts'
import type { ClientClosed, ClientFault } from './errors.ts'
import { Signal } from './signal.ts'

/** Watches a client's connection. Input: `warn` is told; somebody who waits for a command hears of the end by that. */
export function tellUnheard(connection: EngineConnection, commands: Commands, warn: (message: string) => void): void {
  const warnings = new Signal<[message: string]>()
  warnings.on(warn)
  let hasTold = false
  const tell = (message: string) => {
    if (hasTold) return
    hasTold = true
    warnings.emit(`goldenhour: ${message}`)
  }
  connection.on('setback', fault => {
    if (connection.welcomes === 0 && !connection.faults.isHeard) tell(cannotConnect(connection.url, fault))
  })
  connection.on('ending', end => {
    if (end.reason === 'closed' || connection.ends.isHeard || commands.size > 0) return
    tell(hasEnded(connection.url, end))
  })
}

/** The client has never been connected, and tries again by itself. */
function cannotConnect(url: string, { kind, message }: ClientFault): string {
  const mayBeTls = kind === 'connection' && url.startsWith('ws:')
  const hint = mayBeTls ? ' Is an engine there, and without TLS (else wss://)?' : ''
  return `not connected to ${url} yet: ${sentence(message)}${hint} It is tried on; onFault tells of each try.`
}

const hasEnded = (url: string, { message }: ClientClosed): string =>
  `the client of ${url} has ended: ${sentence(message)} onClosed tells of it.`

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
