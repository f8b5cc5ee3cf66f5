/** What a turn means for other trips of the calls that it was about, before freed units get their next trip. */
import type { TurnStep } from './followers.ts'
import { helpEnd } from './help-end.ts'
import { receivers } from './receivers.ts'

export const followUps: readonly TurnStep[] = [helpEnd, receivers]
