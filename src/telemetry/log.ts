/**
 * Structured logs: one JSON object a line on standard output, with epoch milliseconds and the part that speaks; at a
 * terminal, lines for people.
 *
 * A log that cannot be written stops nothing: `log-sink.ts` tells what becomes of the lines.
 */
import { type Logger, pino } from 'pino'
import { type LogSink, standardSink } from './log-sink.ts'
import { lineForPeople } from './people.ts'

export type { Logger }

interface LoggerOptions {
  readonly level: string
  readonly sink?: Pick<LogSink, 'write'>
  /** Lines as people read them, in place of JSON. */
  readonly isForPeople?: boolean
}

/** The program's root logger; each part takes a child of it, `log.child({ part: 'gateway' })`. */
export function createLogger(options: LoggerOptions): Logger {
  // Only a line opens the standard sink: most loggers of tests never write one.
  const sink = options.sink ?? { write: (line: string) => standardSink().write(line) }
  return pino(
    {
      level: options.level,
      // Tokens and personal data must not reach a log, whoever passes an object that carries them.
      redact: ['token', '*.token', 'authorization', '*.authorization', 'details', '*.details'],
    },
    options.isForPeople === true ? { write: line => sink.write(lineForPeople(line)) } : sink,
  )
}
