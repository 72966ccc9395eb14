/** The sign-in that a portal needs where nobody may open it without: e-mail and password, then what the system asks for. */
import { type Link, type SignInStep, signInStep, usePasskey } from './api.ts'
import { element } from './frame/dom.ts'
import type { Fields } from './model/fields.ts'
import type { Person } from './session.ts'

type CodeStep = Extract<SignInStep, { state: 'code' }>

const otherWays: Record<string, string> = {
  passkey: 'Use a passkey',
  totp: 'Use the authenticator app',
  phone: 'Send a code to the phone',
  recovery: 'Use a recovery code',
}

/** Resolves when somebody is in. `why` is told above the form. */
export function askForSignIn(root: HTMLElement, link: Link, why: string): Promise<Person> {
  document.title = `Sign in to ${link.name}`
  return new Promise((resolve) => {
    const message = element('div', { class: 'gh-message', text: why, attributes: { role: 'alert' } })
    const place = element('div')
    root.replaceChildren(
      element('main', {
        class: 'gh-sign-in',
        children: [
          element('div', { class: 'gh-card', children: [element('h1', { text: link.name }), message, place] }),
        ],
      }),
    )
    /** E-mail and password, until somebody is in: another second factor begins with them. */
    let begun: Fields = {}
    const take = (step: SignInStep): boolean => {
      if (step.state === 'in') {
        begun = {}
        resolve({ email: step.email, authToken: step.token })
        return true
      }
      message.textContent = step.state === 'refused' ? step.message : ''
      if (step.state === 'code') showCode(step)
      return step.state === 'code'
    }
    const form = (fields: Node[], label: string, send: () => Promise<SignInStep>): HTMLFormElement => {
      const button = element('button', { class: 'btn btn-primary', text: label, attributes: { type: 'submit' } })
      const made = element('form', { children: [...fields, button] })
      made.addEventListener('submit', async (event) => {
        event.preventDefault()
        button.disabled = true
        message.textContent = ''
        take(await send())
        button.disabled = false
      })
      place.replaceChildren(made)
      made.querySelector('input')?.focus()
      return made
    }
    const showPassword = (): void => {
      const email = input('gh-email', 'E-mail', 'email', 'username')
      const password = input('gh-password', 'Password', 'password', 'current-password')
      form([email.field, password.field], 'Sign in', () => {
        begun = { email: email.box.value.trim(), password: password.box.value, factor: 1 }
        password.box.value = ''
        return signInStep(link, begun)
      })
    }
    const answer = (factorId: string, code: unknown) => signInStep(link, { factor: 2, factor_id: factorId, code })
    const codeForm = ({ message: says, factorId, kind }: CodeStep): HTMLFormElement => {
      const code = input('gh-code', 'Code', 'text', 'one-time-code')
      code.box.inputMode = kind === 'recovery' ? 'text' : 'numeric'
      return form([element('p', { text: says }), code.field], 'Continue', () => answer(factorId, code.box.value.trim()))
    }
    const passkeyForm = ({ message: says, factorId }: CodeStep, asked: PublicKeyCredentialRequestOptionsJSON) =>
      form([element('p', { text: says })], 'Use the passkey', async () => {
        const code = await usePasskey(asked)
        if (code !== undefined) return answer(factorId, code)
        return { state: 'refused', message: 'The passkey was not used. Try again, or in another way.' }
      })
    const showCode = (step: CodeStep): void => {
      const made = step.passkey === undefined ? codeForm(step) : passkeyForm(step, step.passkey)
      const more = element('div', { class: 'gh-more' })
      made.append(more)
      const button = (label: string, act: () => void): void => {
        const one = element('button', { class: 'btn btn-link', text: label, attributes: { type: 'button' } })
        one.addEventListener('click', act)
        more.append(one)
      }
      if (step.kind === 'phone') {
        button('Send a new code', async () => {
          message.textContent = ''
          take(await signInStep(link, { factor_id: step.factorId, resend: true }))
        })
      }
      for (const kind of step.others) {
        const label = otherWays[kind]
        if (label === undefined) continue
        button(label, async () => {
          message.textContent = ''
          take(await signInStep(link, { ...begun, factor_kind: kind }))
        })
      }
      button('Begin again', () => {
        message.textContent = ''
        begun = {}
        showPassword()
      })
    }
    showPassword()
  })
}

function input(id: string, label: string, type: string, autocomplete: string) {
  const attributes = { id, type, autocomplete, required: '' }
  const box = element('input', { class: 'form-control', attributes })
  const field = element('div', {
    class: 'gh-field',
    children: [element('label', { text: label, attributes: { for: id } }), box],
  })
  return { box, field }
}
