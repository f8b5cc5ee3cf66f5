/** A travel model as a store keeps it: read strictly, for what it says is driven by. */
import { z } from 'zod'
import { problemOfModel, type TravelModel } from './travel-model.ts'

const factors = z.strictObject({ otherwise: z.number(), byClass: z.record(z.string(), z.number()).optional() })
const share = z.number()
const schema = z.strictObject({
  bands: z.array(
    z.strictObject({
      name: z.string(),
      spans: z.array(z.strictObject({ weekdays: z.array(z.int()), fromMin: z.int(), untilMin: z.int() })),
      isPeak: z.boolean(),
      ordinary: factors,
      siren: factors,
    }),
  ),
  sirenFactor: z.number(),
  sirenShare: z.strictObject({ 1: share, 2: share, 3: share, 4: share, 5: share }),
})

/** Errors: RangeError that says what is wrong with it. */
export function storedModel(stored: unknown): TravelModel {
  const read = schema.safeParse(stored)
  if (!read.success) {
    const [issue] = read.error.issues
    throw new RangeError(`It is no travel model: ${issue!.path.join('.')} ${issue!.message}.`)
  }
  const model = read.data as TravelModel
  const problem = problemOfModel(model)
  if (problem !== null) throw new RangeError(problem)
  return model
}
