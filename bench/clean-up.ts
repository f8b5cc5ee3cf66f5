/** What a bench has started, to be ended in the opposite order however the bench ends. */
type Step = () => Promise<unknown> | unknown

const steps: Step[] = []
let ended: Promise<void> | null = null

/** Errors: Error when everything is being ended already; the step is then taken at once, so that nothing stays behind. */
export function atEnd(step: Step): void {
  if (ended !== null) {
    void take(step)
    throw new Error('The bench is being ended.')
  }
  steps.push(step)
}

/** Takes every step, the newest first; one that fails is told and does not keep the others from their turn. Idempotent. */
export function cleanUp(): Promise<void> {
  ended ??= takeAll()
  return ended
}

async function takeAll(): Promise<void> {
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) await take(step)
}

async function take(step: Step): Promise<void> {
  try {
    await step()
  } catch (error) {
    console.error(error)
  }
}
