/** Structured logs: one JSON object a line on standard output, with epoch milliseconds and the part that speaks. */
import { type Logger, pino } from 'pino'

export type { Logger }

/** The program's root logger; each part takes a child of it, `log.child({ part: 'gateway' })`. */
export function createLogger(options: { readonly level: string }): Logger {
  return pino({
    level: options.level,
    // Tokens and personal data must not reach a log, whoever passes an object that carries them.
    redact: ['token', '*.token', 'authorization', '*.authorization', 'details', '*.details'],
  })
}
