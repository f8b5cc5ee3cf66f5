/** What these pages share: who looks at them, which region is chosen, and what may be changed. */
import { ChangeRefused, EngineOffice, type RegionInfo, type ServerRefusal, type SignIn } from '../../client/index.ts'
import { SaidOutcomes } from '../outcomes.ts'
import type { Shift } from '../shift.ts'
import { Topic } from '../topic.ts'

export class Office {
  readonly engine: EngineOffice
  readonly role: string
  readonly user: string
  /** Of a supervisor or dispatcher, whose board goes on; null for an administrator, who has none. */
  readonly shift: Shift | null
  readonly outcomes = new SaidOutcomes()
  readonly changes = new Topic()
  regions: readonly RegionInfo[] | null = null
  /** Null while there is none. */
  region: string | null
  trouble: string | null = null

  constructor(signIn: SignIn, shift: Shift | null) {
    this.engine = new EngineOffice({ url: location.origin, token: signIn.token })
    this.role = signIn.user?.role ?? ''
    this.user = signIn.user?.name ?? ''
    this.shift = shift
    this.region = shift?.region ?? null
    void this.readRegions()
  }

  get mayWrite(): boolean {
    return this.role === 'supervisor' || this.role === 'admin'
  }
  get isAdmin(): boolean {
    return this.role === 'admin'
  }

  async readRegions(): Promise<void> {
    try {
      this.regions = await this.engine.regions()
      this.region ??= this.regions[0]?.region ?? null
      this.trouble = null
    } catch (error) {
      this.trouble = (error as Error).message
    }
    this.changes.tell()
  }

  choose(region: string): void {
    this.region = region
    this.changes.tell()
  }
}

/** Why something was not changed; `path` is the field that it is about. */
export interface ChangeProblem {
  readonly code: string
  readonly message: string
  readonly path: string | null
}

export function problemOfChange(error: unknown): ChangeProblem {
  if (!(error instanceof ChangeRefused)) return { code: 'unknown', message: (error as Error).message, path: null }
  const { code, message, details }: ServerRefusal = error.refusal
  return { code, message, path: typeof details?.path === 'string' ? details.path : null }
}
