/** The policy of a region: each number with its meaning, changed as a whole at the version that was read, and every version of before. */
import { useEffect, useState } from 'preact/hooks'
import type { PolicyVersion } from '../../client/index.ts'
import { type ChangeProblem, type Office, problemOfChange } from './office.ts'
import { o } from './office-strings.ts'
import { momentWords } from './office-words.ts'
import { PolicyGroups } from './policy-groups.tsx'
import { PolicyHistory } from './policy-history.tsx'
import {
  type NumberPath,
  numbersOf,
  type PolicyValue,
  partName,
  pathsChanged,
  policyWith,
  readNumber,
  spokenNumber,
  typedNumber,
} from './policy-numbers.ts'

interface PolicyPageProps {
  readonly office: Office
  readonly region: string
}

/** Remade for each region, so that nothing typed for one is set for another. */
export const PolicyPage = (props: PolicyPageProps) => <PolicyOf key={props.region} {...props} />

function PolicyOf({ office, region }: PolicyPageProps) {
  const { engine } = office
  const [standing, setStanding] = useState<PolicyVersion | null>(null)
  const [typed, setTyped] = useState<TypedNumbers>(new Map())
  const [problem, setProblem] = useState<ChangeProblem | null>(null)
  const [theirs, setTheirs] = useState('')
  useEffect(() => {
    engine.policy(region).then(setStanding, error => setProblem(problemOfChange(error)))
  }, [engine, region])
  if (standing === null)
    return problem === null ? <p class="quiet">{o.loading}</p> : <p class="refusal">{problem.message}</p>
  const changes = changesIn(standing, typed)
  const undo = () => {
    setTyped(new Map())
    setProblem(null)
    setTheirs('')
  }
  const meanwhile = async () => {
    const now = await engine.policy(region)
    setTheirs(whatTheyChanged(standing, now))
    setStanding(now)
  }
  /** Output: whether it stands now. */
  const set = async (note: string): Promise<boolean> => {
    setTheirs('')
    const wrong = problemIn(changes, note)
    setProblem(wrong)
    if (wrong !== null) return false
    try {
      const now = await engine.setPolicy(region, standing.version, policyWith(standing.policy, changes), note)
      setStanding(now)
      setTyped(new Map())
      office.outcomes.say('done', o.policy.saved(now.version))
      return true
    } catch (error) {
      const told = problemOfChange(error)
      if (told.code === 'version-differs') await meanwhile().catch(late => setProblem(problemOfChange(late)))
      else setProblem(told)
      return false
    }
  }
  const type = (path: NumberPath, text: string) => setTyped(now => new Map(now).set(path, text))
  return (
    <section class="policy" aria-label={o.pages.policy}>
      <PolicyHead standing={standing} isAdmin={office.isAdmin} />
      <PolicyGroups standing={standing.policy} typed={typed} type={office.isAdmin ? type : null} problem={problem} />
      {theirs !== '' && (
        <p class="meanwhile" role="alert">
          {theirs}
        </p>
      )}
      {changes.size > 0 && <PolicySave problem={problem} count={changes.size} set={set} undo={undo} />}
      <PolicyHistory
        office={office}
        region={region}
        standing={standing}
        take={office.isAdmin ? version => setTyped(numbersOfVersion(standing, version)) : null}
      />
    </section>
  )
}

type TypedNumbers = ReadonlyMap<NumberPath, string>

const PolicyHead = ({ standing, isAdmin }: { readonly standing: PolicyVersion; readonly isAdmin: boolean }) => (
  <>
    <h2>
      {o.policy.version(standing.version)}{' '}
      <small class="quiet">
        {o.policy.by(standing.changedBy, momentWords(standing.changedAtMs))}
        {standing.note !== null && ` · ${standing.note}`}
      </small>
    </h2>
    <p class="quiet">{isAdmin ? o.policy.next : o.readOnlyPolicy}</p>
  </>
)

/** What keeps it from being sent at all; null where nothing does. */
function problemIn(changes: ReadonlyMap<NumberPath, PolicyValue | null>, note: string): ChangeProblem | null {
  const wrong = [...changes].find(([, value]) => value === null)?.[0]
  if (wrong !== undefined) return { code: 'invalid-field', message: o.policy.noNumber, path: `policy.${wrong}` }
  return note === '' ? { code: 'invalid-field', message: o.policy.noteNeeded, path: 'note' } : null
}

/** As if the numbers of an earlier version had been typed. */
function numbersOfVersion(standing: PolicyVersion, { policy }: PolicyVersion): TypedNumbers {
  const numbers = numbersOf(policy)
  const changed = pathsChanged(standing.policy, policy)
  return new Map(changed.map(path => [path, typedNumber(path, numbers.get(path)!)] as const))
}

/** What was typed that is not what stands. */
function changesIn({ policy }: PolicyVersion, typed: TypedNumbers): ReadonlyMap<NumberPath, PolicyValue | null> {
  const numbers = numbersOf(policy)
  const read = [...typed].map(([path, text]) => [path, readNumber(path, text)] as const)
  return new Map(read.filter(([path, value]) => value !== numbers.get(path)))
}

function whatTheyChanged(before: PolicyVersion, now: PolicyVersion): string {
  const numbers = numbersOf(now.policy)
  const changed = pathsChanged(before.policy, now.policy)
  const names = changed.map(path => `${path} ${o.form.now(spokenNumber(path, numbers.get(path)!))}`).join(', ')
  return o.policy.meanwhile(now.changedBy, momentWords(now.changedAtMs), names)
}

interface PolicySaveProps {
  readonly problem: ChangeProblem | null
  readonly count: number
  /** Output: whether it stands now. */
  readonly set: (note: string) => Promise<boolean>
  readonly undo: () => void
}

function PolicySave({ problem, count, set, undo }: PolicySaveProps) {
  const [note, setNote] = useState('')
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    // Once it stands nothing is left to be saved, and this part is gone.
    if (!(await set(note.trim()))) setBusy(false)
  }
  return (
    <form class="policy-save" onSubmit={submit} noValidate>
      <div class="row">
        <label class="grow">
          {o.policy.note}
          <input
            name="policy-note"
            autocomplete="off"
            placeholder={o.policy.noteHint}
            value={note}
            aria-invalid={problem?.path === 'note'}
            onInput={event => setNote(event.currentTarget.value)}
          />
        </label>
        <button type="button" onClick={undo}>
          {o.policy.undo}
        </button>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? o.form.busy : o.policy.save(count)}
        </button>
      </div>
      {problem !== null && (
        <p class="refusal" role="alert">
          {spokenProblem(problem)}
        </p>
      )}
    </form>
  )
}

/** With the name of the number that it is about. */
function spokenProblem({ path, message }: ChangeProblem): string {
  if (path === null || !path.startsWith('policy.')) return message
  const name = path.slice('policy.'.length)
  const part = partName(name)
  return `${name.split('.')[0]}${part === '' ? '' : `, ${part}`}: ${message}`
}
