/**
 * How many connections fit into the open files of this process. Each connection is one file, and the database needs some.
 */
import type { Limits } from '../../protocol/limits.ts'

/** The system allows so few open files that nobody could be served; the message says how to raise it. */
export class TooFewFiles extends Error {
  override readonly name = 'TooFewFiles'
}

type Caps = Pick<Limits, 'connections' | 'httpConnections' | 'httpConnectionsPerAddress'>

/** Below this the engine does not start: it would turn away its own crews. */
const CONNECTIONS_MIN = 64
/** What is left is shared so: every WebSocket begins as HTTP, but not for long. */
const HTTP_SHARE = 1 / 4

/** Null where the system has no such limit, or does not tell. */
export function openFilesMax(): number | null {
  const report = process.report as typeof process.report & { excludeNetwork: boolean }
  // Names of peers would be looked up.
  report.excludeNetwork = true
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : null
}

/**
 * The caps as they are, or lowered to what the system allows. Without that, connections would take the files that the
 * database needs, and nobody could be accepted, not even to be turned away.
 *
 * Input: `kept`, the files that no connection gets. Errors: TooFewFiles.
 */
export function fittedToFiles<T extends Caps>(limits: T, kept: number, filesMax: number | null): T {
  if (filesMax === null) return limits
  const left = filesMax - kept
  if (limits.connections + limits.httpConnections <= left) return limits
  if (left < CONNECTIONS_MIN) {
    throw new TooFewFiles(
      `This process may open ${filesMax} files, which is too few: ${kept} are kept for the database and the log ` +
        `(filesKept), and ${CONNECTIONS_MIN} connections are the least. Raise it with ulimit -n, LimitNOFILE= of a ` +
        'systemd unit, or --ulimit nofile= of docker run.',
    )
  }
  const httpConnections = Math.min(limits.httpConnections, Math.floor(left * HTTP_SHARE))
  return {
    ...limits,
    httpConnections,
    // One address leaves room for others.
    httpConnectionsPerAddress: Math.min(limits.httpConnectionsPerAddress, Math.floor(httpConnections / 2)),
    connections: Math.min(limits.connections, left - httpConnections),
  }
}
