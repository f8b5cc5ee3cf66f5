/**
 * Structured logs: one JSON object a line on standard output, with epoch milliseconds and the part that speaks.
 *
 * A log that cannot be written stops nothing: `log-sink.ts` tells what becomes of the lines.
 */
import { type Logger, pino } from 'pino'
import { type LogSink, standardSink } from './log-sink.ts'

export type { Logger }

/** The program's root logger; each part takes a child of it, `log.child({ part: 'gateway' })`. */
export function createLogger(options: { readonly level: string; readonly sink?: Pick<LogSink, 'write'> }): Logger {
  return pino(
    {
      level: options.level,
      // Tokens and personal data must not reach a log, whoever passes an object that carries them.
      redact: ['token', '*.token', 'authorization', '*.authorization', 'details', '*.details'],
    },
    // Only a line opens the standard sink: most loggers of tests never write one.
    options.sink ?? { write: line => standardSink().write(line) },
  )
}
