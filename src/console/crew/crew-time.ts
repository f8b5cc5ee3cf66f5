/** Moments as the phone's own clock shows them: a crew is where its region is. */
import { timeOfDay } from '../format.ts'

export const crewTime = (ms: number): string => timeOfDay(ms, Intl.DateTimeFormat().resolvedOptions().timeZone)
