import type { RateClass } from '../src/protocol/limits.ts'

/** Settings of an engine that no client is to be held back by. */
export function liftedRates(rateClass: Extract<RateClass, 'command' | 'control'>): Record<string, string> {
  const settings = ['CONNECTION', 'USER'].map(of => `GOLDENHOUR_LIMITS_RATES_${rateClass.toUpperCase()}_${of}_PER_S`)
  return Object.fromEntries(settings.map(name => [name, '10000000']))
}
