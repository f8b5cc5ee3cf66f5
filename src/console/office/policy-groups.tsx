/** The numbers of a policy in groups, each with what it means, where it may go, and the refusal that is about it. */
import type { Policy } from '../../client/index.ts'
import type { ChangeProblem } from './office.ts'
import { o } from './office-strings.ts'
import {
  choicesOf,
  type NumberPath,
  numbersOf,
  type PolicyValue,
  partName,
  rangeOf,
  spokenNumber,
  typedNumber,
  unitSign,
} from './policy-numbers.ts'
import { POLICY_GROUPS_EN } from './policy-words.ts'

interface PolicyGroupsProps {
  readonly standing: Policy
  readonly typed: ReadonlyMap<NumberPath, string>
  /** Null: to be looked at alone. */
  readonly type: ((path: NumberPath, text: string) => void) | null
  readonly problem: ChangeProblem | null
}

export function PolicyGroups({ standing, typed, type, problem }: PolicyGroupsProps) {
  const numbers = numbersOf(standing)
  const known = new Set(POLICY_GROUPS_EN.flatMap(({ numbers: some }) => some.map(([name]) => name as string)))
  // A newer engine may have numbers that this page has no words for.
  const others = [...new Set([...numbers.keys()].map(path => path.split('.')[0]!))].filter(name => !known.has(name))
  const groups = [
    ...POLICY_GROUPS_EN,
    ...(others.length === 0 ? [] : [{ title: '…', numbers: others.map(name => [name, name, ''] as const) }]),
  ]
  return (
    <>
      {groups.map(({ title, numbers: some }) => (
        <fieldset key={title} class="policy-group">
          <legend>{title}</legend>
          {some.map(([name, label, meaning]) => {
            const paths = [...numbers.keys()].filter(path => path.split('.')[0] === name)
            return (
              <div key={name} class="policy-number">
                <div>
                  <strong id={`policy-${name}`}>{label}</strong> <small class="quiet">{name}</small>
                  <p class="quiet">
                    {meaning} {rangeOf(name)}
                  </p>
                </div>
                <div class="row">
                  {paths.map(path => (
                    <NumberInput
                      key={path}
                      path={path}
                      name={label}
                      value={numbers.get(path)!}
                      typed={typed.get(path)}
                      type={type}
                      problem={problem?.path === `policy.${path}` ? problem.message : null}
                    />
                  ))}
                </div>
              </div>
            )
          })}
        </fieldset>
      ))}
    </>
  )
}

interface NumberInputProps {
  readonly path: NumberPath
  readonly name: string
  readonly value: PolicyValue
  readonly typed: string | undefined
  readonly type: PolicyGroupsProps['type']
  readonly problem: string | null
}

function NumberInput({ path, name, value, typed, type, problem }: NumberInputProps) {
  const standing = typedNumber(path, value)
  const shown = typed ?? standing
  const choices = choicesOf(path)
  const part = partName(path)
  const about = `about-${path}`
  const isChanged = shown !== standing
  const common = {
    name: path,
    id: `number-${path}`,
    disabled: type === null,
    'aria-label': [name, part, unitSign(path)].filter(each => each !== '').join(', '),
    'aria-invalid': problem !== null,
    'aria-describedby': problem !== null || isChanged ? about : undefined,
    class: isChanged ? 'changed' : '',
  } as const
  return (
    <div class="policy-part">
      <label for={`number-${path}`}>
        {part !== '' && `${part} `}
        {choices === undefined ? (
          <input
            {...common}
            inputMode="decimal"
            autocomplete="off"
            value={shown}
            onInput={event => type?.(path, event.currentTarget.value)}
          />
        ) : (
          <select {...common} value={shown} onChange={event => type?.(path, event.currentTarget.value)}>
            {choices.map(choice => (
              <option key={choice} value={choice}>
                {o.policy.choices[choice] ?? choice}
              </option>
            ))}
          </select>
        )}
      </label>
      {(problem !== null || isChanged) && (
        <small id={about} class={problem === null ? 'quiet' : 'refusal'}>
          {problem ?? o.policy.was(spokenNumber(path, value))}
        </small>
      )}
    </div>
  )
}
