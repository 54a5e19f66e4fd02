// The board's own movement: what changed comes as HTML made by the server and takes the place of what was there, so that
// focus, opened details and scrolled tables stay; time left runs on; figures that grow old are said to be old.

const root = document.documentElement
const body = document.body
const words = JSON.parse(body.dataset.words)
const OLD_S = 6 // no frame for so long, or one of figures that are older: something is wrong
const SAY_EVERY_MS = 20_000
const HIDDEN_MS = 30_000

theme()
if (body.dataset.events) live()

// --- theme: the system's, or one that was chosen, kept in a cookie so that the next page begins with it

function theme () {
  const button = document.getElementById('theme')
  const names = ['auto', 'light', 'dark']
  const show = () => { button.querySelector('span').textContent = words.themes[root.dataset.theme] }
  button.hidden = false
  show()
  button.addEventListener('click', () => {
    root.dataset.theme = names[(names.indexOf(root.dataset.theme) + 1) % names.length]
    const secure = location.protocol === 'https:' ? '; Secure' : ''
    document.cookie = `theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`
    show()
  })
}

// --- live figures

function live () {
  const now = {
    at: Date.parse(body.dataset.at), ageS: Number(body.dataset.age), heard: performance.now(), asked: performance.now(),
    trouble: body.dataset.trouble || ''
  }
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: body.dataset.zone, timeStyle: 'medium' })
  let source = null
  let leaving = 0
  const listen = () => {
    clearTimeout(leaving)
    if (source) return
    now.asked = performance.now()
    source = new EventSource(body.dataset.events)
    source.addEventListener('parts', (event) => hear(now, clock, JSON.parse(event.data)))
    source.addEventListener('over', () => { leave(); now.trouble = 'ended'; tick(now) })
    source.addEventListener('error', () => {
      // a browser gives up where the answer is no stream: the login has ended, or the board is being started again
      if (source?.readyState === EventSource.CLOSED) after(now)
    })
  }
  const leave = () => { source?.close(); source = null }
  // a page that nobody sees holds no stream: a browser has six connections for all its pages of one host
  addEventListener('pagehide', leave)
  addEventListener('pageshow', (event) => { if (event.persisted) listen() })
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) leaving = setTimeout(leave, HIDDEN_MS)
    else if (now.trouble !== 'ended') listen()
  })
  setInterval(() => tick(now), 1000)
  listen()
  tick(now)
}

function hear (now, clock, frame) {
  now.at = Date.parse(frame.at)
  now.ageS = frame.age_s
  now.heard = performance.now()
  now.trouble = frame.trouble || ''
  for (const [id, html] of Object.entries(frame.parts)) put(id, html)
  const shown = document.getElementById('at')
  shown.textContent = clock.format(now.at)
  shown.dateTime = frame.at
  tick(now)
  tell()
}

async function after (now) {
  try {
    const answer = await fetch(location.pathname, { redirect: 'manual', cache: 'no-store' })
    if (answer.type === 'opaqueredirect' || answer.status === 401 || answer.status === 403) {
      now.trouble = 'ended'
      tick(now)
      return
    }
    if (answer.ok) { // never at once: where a proxy refuses the stream alone it would do so again
      setTimeout(() => location.reload(), 5000 + 5000 * Math.random())
      return
    }
  } catch {
    now.trouble = 'connection' // no answer at all: asked again below
  }
  setTimeout(() => after(now), 3000 + 4000 * Math.random())
}

function tick (now) {
  const sinceS = (performance.now() - now.heard) / 1000
  const ageS = now.ageS + sinceS
  const silent = sinceS > OLD_S
  const lost = silent && performance.now() - now.asked > OLD_S * 1000
  const trouble = now.trouble || (lost ? 'connection' : now.ageS > OLD_S ? 'database' : '')
  root.classList.toggle('live', !trouble && !silent)
  root.classList.toggle('stale', Boolean(trouble))
  old(trouble, ageS)
  // by the figures' own clock: whoever sits at a machine with a wrong one sees the right time left
  for (const each of document.querySelectorAll('time[data-until]')) {
    const text = left(Math.max(0, (Date.parse(each.dateTime) - now.at) / 1000 - ageS))
    if (each.textContent !== text) each.textContent = text
  }
}

function old (trouble, ageS) {
  const banner = document.getElementById('old')
  if (!trouble) {
    if (!banner.hidden) say(words.live, true)
    banner.hidden = true
    banner.textContent = ''
    return
  }
  if (banner.dataset.of !== trouble || banner.hidden) { // an alert is read aloud when its text is new: once
    banner.dataset.of = trouble
    const strong = document.createElement('strong')
    strong.textContent = words.old
    const why = document.createTextNode(` ${words[trouble] || words.connection} `)
    const age = document.createElement('span')
    age.setAttribute('aria-hidden', 'true')
    banner.replaceChildren(strong, why, age)
    if (trouble === 'ended') {
      const link = document.createElement('a')
      link.href = '/login'
      link.textContent = words.login
      banner.append(' ', link)
    }
    banner.hidden = false
  }
  banner.querySelector('span').textContent = words.age.replace('{age}', left(ageS) === words.left.over ? left(1) : left(ageS))
}

function left (seconds) {
  const forms = words.left
  const whole = Math.floor(seconds)
  if (whole <= 0) return forms.over
  if (whole < 120) return fill(forms.s, { s: whole })
  if (whole < 3600) return fill(forms.m, { m: Math.floor(whole / 60) })
  if (whole < 86400) return fill(forms.h, { h: Math.floor(whole / 3600), m: Math.floor(whole / 60) % 60 })
  return fill(forms.d, { d: Math.floor(whole / 86400), h: Math.floor(whole % 86400 / 3600) })
}

function fill (form, values) {
  return form.replace(/\{(\w+)\}/g, (_, name) => values[name])
}

// --- what is said aloud: seldom, and only what matters

let saidAt = -SAY_EVERY_MS
let saidKey = document.querySelector('#spoken p')?.dataset.key

function tell () {
  const spoken = document.querySelector('#spoken p')
  if (!spoken || spoken.dataset.key === saidKey || performance.now() - saidAt < SAY_EVERY_MS) return
  saidKey = spoken.dataset.key
  say(spoken.textContent)
}

function say (text, atOnce) {
  if (atOnce || performance.now() - saidAt >= SAY_EVERY_MS) {
    saidAt = performance.now()
    document.getElementById('say').textContent = text
  }
}

// --- the new in place of the old, element by element

function put (id, html) {
  const place = document.getElementById(id)
  if (!place) return
  const made = document.createElement('template')
  made.innerHTML = html // the server's own, escaped there
  become(place, made.content)
}

function become (place, wanted) {
  const known = new Map()
  for (const child of place.children) if (child.id) known.set(child.id, child)
  let at = place.firstChild
  for (const next of [...wanted.childNodes]) {
    const same = next.id ? known.get(next.id) : alike(at, next) ? at : null
    if (!same) {
      place.insertBefore(next, at)
      continue
    }
    if (same === at) at = at.nextSibling
    else place.insertBefore(same, at)
    take(same, next)
  }
  while (at) {
    const gone = at
    at = at.nextSibling
    gone.remove()
  }
}

function alike (old, next) {
  return old && old.nodeType === next.nodeType && old.nodeName === next.nodeName && !old.id
}

function take (old, next) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data
    return
  }
  if ('part' in old.dataset) return // it has its own content, which comes by itself
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !(name === 'open' && old.localName === 'details')) old.removeAttribute(name)
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  become(old, next)
}
