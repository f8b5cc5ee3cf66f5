/**
 * Finds out why a port cannot be listened on, and who has it. It looks after listening has failed, for the message alone.
 *
 * The process is found by the system's own tables of sockets (Linux, and only where this user may look). That it is
 * Goldenhour, it says itself: its answers name their problems by a URN of ours.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer, isIP } from 'node:net'
import { askHere } from './ask-here.ts'

type Protocol = 'http:' | 'https:'

export interface PortHolder {
  /** Null where this user may not see it. */
  readonly pid: number | null
  /** Its command line, shortened; null as above. */
  readonly command: string | null
  /** What a Goldenhour is asked by; null when it is another program. */
  readonly goldenhourOver: Protocol | null
}

type Reason = 'in-use' | 'not-allowed' | 'no-such-address'

const COMMAND_CHARS_MAX = 120
const BOUNDS = { withinMs: 1_000, charsMax: 10_000 }
const LISTENING = '0A'

/** The port could not be taken. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken'
  readonly holder: PortHolder | null

  constructor(message: string, holder: PortHolder | null = null, options?: ErrorOptions) {
    super(message, options)
    this.holder = holder
  }
}

/** The error as the operator is told it; looked up here, since whoever waits for a port needs no reasons at each try. */
export async function explained(where: { readonly host: string; readonly port: number }): Promise<PortTaken> {
  const { host, port } = where
  const { reason, holder } = await whyNotListening(host, port)
  return new PortTaken(whyText(host, port, reason, holder), holder)
}

/** As `explained`, before anybody listens: null when the port is free, or the system picks one. */
export async function portTrouble(where: { readonly host: string; readonly port: number }): Promise<PortTaken | null> {
  const { host, port } = where
  return port === 0 || (await tryToListen(host, port)) === null ? null : explained(where)
}

/** Errors: none; what cannot be found out is left out. */
async function whyNotListening(
  host: string,
  port: number,
): Promise<{ readonly reason: Reason; readonly holder: PortHolder | null }> {
  const code = await tryToListen(host, port)
  if (code === 'EACCES' || code === 'EPERM') return { reason: 'not-allowed', holder: null }
  if (code !== null && code !== 'EADDRINUSE') return { reason: 'no-such-address', holder: null }
  const process = processListeningOn(port)
  const goldenhourOver = await speaksGoldenhour(host, port)
  if (process === null && goldenhourOver === null) return { reason: 'in-use', holder: null }
  return { reason: 'in-use', holder: { pid: process?.pid ?? null, command: process?.command ?? null, goldenhourOver } }
}

/** What the operator is told. */
export function whyText(host: string, port: number, reason: Reason, holder: PortHolder | null): string {
  const what = `Port ${port} of ${host} cannot be listened on:`
  switch (reason) {
    case 'not-allowed':
      return `${what} this user may not listen on ports below 1024. Choose another with PORT, such as 9001, or allow it with the capability CAP_NET_BIND_SERVICE.`
    case 'no-such-address':
      return `${what} the address is not one of this machine. Choose another with GOLDENHOUR_HOST.`
    case 'in-use': {
      const process = holder === null || holder.pid === null ? '' : ` (process ${holder.pid}: ${holder.command})`
      if (holder !== null && holder.goldenhourOver !== null) {
        return `${what} another Goldenhour has it${process}. Stop that one, or choose another port with PORT.`
      }
      return `${what} another program has it${process}. Stop that program, or choose another port with PORT.`
    }
  }
}

/** The system's own word for what is wrong; null when nothing is, any more. */
function tryToListen(host: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    probe.listen(port, host, () => probe.close(() => resolve(null)))
  })
}

function processListeningOn(port: number): { pid: number; command: string } | null {
  try {
    const sockets = new Set(['tcp', 'tcp6'].flatMap(table => listeningInodes(`/proc/net/${table}`, port)))
    if (sockets.size === 0) return null
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      if (!openFilesOf(pid).some(file => sockets.has(file))) continue
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      // Another program's words must not act on the terminal.
      const shown = command.replaceAll(/\p{Cc}/gu, '\u{FFFD}')
      return {
        pid: Number(pid),
        command: shown.length > COMMAND_CHARS_MAX ? `${shown.slice(0, COMMAND_CHARS_MAX)}…` : shown,
      }
    }
  } catch {
    // No Linux, or the process has just ended.
  }
  return null
}

/** Names of the sockets, as they stand in a process's list of open files. */
function listeningInodes(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync(table, 'utf8')
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && local?.endsWith(`:${hex}`))
    .map(columns => `socket:[${columns[9]}]`)
}

function openFilesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(fd => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return ''
      }
    })
  } catch {
    return []
  }
}

/** Asks for a route that does not exist, in plain and then over TLS: the form of the refusal is ours. */
async function speaksGoldenhour(host: string, port: number): Promise<Protocol | null> {
  // What listens on every address answers on loopback.
  const address = host === '0.0.0.0' || host === '::' || isIP(host) === 0 ? 'localhost' : host
  for (const protocol of ['http:', 'https:'] as const) {
    const { text } = await askHere({ protocol, host: address, port, path: '/v1/who' }, BOUNDS)
    if (text.includes('"urn:goldenhour:error:')) return protocol
  }
  return null
}
