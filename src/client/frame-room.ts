/** How many fixes a frame takes: what the server allows, or what fits into the bytes that it reads. */
import type { WelcomeView } from '../protocol/wire/welcome-view.ts'

/** Input: the bytes that a frame takes beside its fixes, and a fix at most. Output: at least one. */
export function fixesPerFrame(limits: WelcomeView['limits'], headBytes: number, fixBytesMax: number): number {
  const room = Math.floor((limits.frameBytes - headBytes) / fixBytesMax)
  return Math.max(1, Math.min(limits.fixesPerFrame, room))
}
