
'use strict';
{
  const KEY = 'swiftlet.key';
  const SPAN = 120, RECENT = 60;  // seconds that charts show; seconds that percentiles look back
  const TOTAL = 'swiftlet_', DURATION = 'swiftlet_invocation_duration_microseconds';
  const ACTION = 'swiftlet_action_', ACTION_DURATION = 'swiftlet_action_duration_microseconds';
  const OUTCOMES = ['success', 'application error', 'developer error', 'internal error'];

  const $ = (id) => document.getElementById(id);
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const shape = (name, attributes) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const write = (target, text) => { if (target.textContent !== text) target.textContent = text; };

  // --- Quantities -------------------------------------------------------------------------------------------------

  const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
  const count = (number) => whole.format(number);
  const rate = (number) => number === 0 ? '0' : number < 9.95 ? number.toFixed(1) : count(number);
  const few = (number) => number < 9.95 ? number.toFixed(1) : count(number);
  const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

  function bytes(number) {
    if (number < 1024) return `${count(number)} B`;
    if (number < 1024 * 1000) return `${few(number / 1024)} KiB`;
    return number < 1024 ** 2 * 1000 ? `${few(number / 1024 ** 2)} MiB` : `${few(number / 1024 ** 3)} GiB`;
  }
  function time(microseconds) {
    if (microseconds < 999.5) return `${count(microseconds)} µs`;
    return microseconds < 999_500 ? `${few(microseconds / 1000)} ms` : `${few(microseconds / 1e6)} s`;
  }
  /** Whole milliseconds, as records have them. */
  const milliseconds = (number) => number === undefined ? '–' : number === 0 ? '< 1 ms' : number < 1000 ? `${count(number)} ms` : time(number * 1000);
  function age(seconds) {
    const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
    if (days > 0) return `${days} d ${hours} h`;
    if (hours > 0) return `${hours} h ${minutes} min`;
    return minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
  }
  /** A number in full size and its unit in small. */
  function figure(target, text) {
    if (target.dataset.text === text) return;
    target.dataset.text = text;
    const space = text.indexOf(' ', text.startsWith('≤ ') || text.startsWith('> ') ? 2 : 0);
    if (text === '–') target.replaceChildren(element('small', {}, text));
    else if (space < 0) target.replaceChildren(text);
    else target.replaceChildren(text.slice(0, space), element('small', {}, text.slice(space)));
  }

  // --- Prometheus' text -------------------------------------------------------------------------------------------

  /** Families by name: each a list of [labels, value]. */
  function parse(text) {
    const families = new Map();
    for (const line of text.split('\n')) {
      const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (!match) continue;
      const labels = {};
      for (const [, name, value] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
        labels[name] = value.replace(/\\(.)/g, (_, letter) => letter === 'n' ? '\n' : letter);
      }
      if (!families.has(match[1])) families.set(match[1], []);
      families.get(match[1]).push([labels, Number(match[3])]);
    }
    return families;
  }
  const total = (families, name) => (families.get(TOTAL + name) ?? []).reduce((sum, [, value]) => sum + value, 0);
  const labelled = (families, name, label, value) => (families.get(TOTAL + name) ?? []).find(([labels]) => labels[label] === value)?.[1] ?? 0;

  /** Counts by class, with the classes' bounds, out of buckets that count all below. */
  function classesOf(buckets) {
    let below = 0;
    return buckets.map(([labels, value]) => {
      const found = { bound: labels.le === '+Inf' ? Infinity : Number(labels.le), count: value - below };
      below = value;
      return found;
    });
  }
  const since = (classes, before) => classes.map(({ bound, count }, index) => ({ bound, count: count - (before?.[index]?.count ?? 0) }));
  const sum = (classes) => classes.reduce((all, { count }) => all + count, 0);

  /** What the share `part` of all does not exceed, taken to be even inside its class; a dash where there is none. */
  function percentile(classes, part) {
    const wanted = sum(classes) * part;
    let below = 0, lower = 0;
    if (wanted === 0) return '–';
    for (const { bound, count } of classes) {
      if (count > 0 && below + count >= wanted) {
        if (bound === Infinity) return `> ${time(lower)}`;
        return lower === 0 ? `≤ ${time(bound)}` : time(lower + (bound - lower) * (wanted - below) / count);
      }
      below += count;
      lower = bound;
    }
    return `> ${time(lower)}`;
  }

  // --- Charts -----------------------------------------------------------------------------------------------------

  /** Lines of [seconds ago, value or null] over two minutes; the first has its area filled. Null leaves a gap. */
  function chart(svg, lines, top) {
    const paths = [shape('line', { class: 'base', x1: 0, x2: SPAN, y1: 39.5, y2: 39.5 })];
    lines.forEach((points, index) => {
      let line = '', area = '', first = null, last = null;
      const close = () => { if (first !== null) area += `L${last} 40L${first} 40Z`; first = null; };
      for (const [ago, value] of points) {
        if (value === null || ago > SPAN + 2) { close(); continue; }
        const x = (SPAN - ago).toFixed(2), y = (39 - 37 * Math.min(1, value / (top || 1))).toFixed(2);
        line += `${first === null ? 'M' : 'L'}${x} ${y}`;
        area += `${first === null ? 'M' : 'L'}${x} ${y}`;
        first ??= x;
        last = x;
      }
      close();
      if (index === 0) paths.push(shape('path', { class: 'area', d: area }));
      paths.push(shape('path', { class: index === 0 ? 'line' : 'line second', d: line }));
    });
    svg.replaceChildren(...paths);
  }

  function bars(svg, classes) {
    const most = Math.max(1, ...classes.map(({ count }) => count));
    svg.replaceChildren(...classes.map(({ bound, count: number }, index) => {
      const height = number === 0 ? 0 : Math.max(1.5, 38 * number / most);
      const bar = shape('rect', { class: 'bar', x: index * 10 + 1, width: 8, y: 40 - height, height });
      const title = shape('title', {});
      const lower = index === 0 ? 0 : classes[index - 1].bound;
      title.textContent = `${bound === Infinity ? `over ${time(lower)}` : `${time(lower)} to ${time(bound)}`}: ${count(number)}`;
      bar.append(title);
      return bar;
    }));
  }

  // --- Rows -------------------------------------------------------------------------------------------------------

  /** Makes `body` show `items` in order, keeping the rows that are there, so that focus and selection stay. */
  function rows(body, items, keyOf, make, fill) {
    const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
    items.forEach((item, index) => {
      let row = old.get(keyOf(item));
      old.delete(keyOf(item));
      if (!row) {
        row = make(item);
        row.dataset.key = keyOf(item);
      }
      fill(row, item);
      if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
    });
    for (const row of old.values()) row.remove();
  }

  // --- What is known ----------------------------------------------------------------------------------------------

  let key = sessionStorage.getItem(KEY);
  let isKeyGood = false;
  let samples = [];  // the oldest first: {at, gap, isKeyed, families, classes, actions}
  let actionList = [], actionListAt = -Infinity;
  let activationList = [];
  const details = new Map();  // texts of activations that are shown in full, by identifier
  let lastAnswer = null, timer = 0, isAsking = false;

  class Refused extends Error {}

  async function get(path, withKey = key) {
    const headers = withKey ? { Authorization: `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(withKey)))}` } : {};
    const answer = await fetch(path, { headers, credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(5000) });
    if (answer.status === 401) throw new Refused();
    if (!answer.ok) throw new Error(`The kernel answers ${answer.status}`);
    return answer;
  }

  function actionsOf(families) {
    const actions = new Map();
    const entry = (labels) => {
      if (!actions.has(labels.action)) actions.set(labels.action, { name: labels.action, runs: 0, failed: 0, cold: 0, pages: 0, limit: 0, buckets: [] });
      return actions.get(labels.action);
    };
    const each = (name, body) => { for (const [labels, value] of families.get(ACTION + name) ?? []) body(entry(labels), value, labels); };
    each('invocations_total', (action, value, labels) => {
      action.runs += value;
      if (labels.outcome !== 'success') action.failed += value;
    });
    each('cold_starts_total', (action, value) => { action.cold = value; });
    each('pages_copied_total', (action, value) => { action.pages += value; });
    each('pages_zeroed_total', (action, value) => { action.pages += value; });
    each('memory_limit_bytes', (action, value) => { action.limit = value; });
    for (const [labels, value] of families.get(`${ACTION_DURATION}_bucket`) ?? []) entry(labels).buckets.push([labels, value]);
    for (const action of actions.values()) action.classes = classesOf(action.buckets);
    return actions;
  }

  function keep(text) {
    const families = parse(text);
    const now = { at: performance.now(), gap: false, isKeyed: key !== null, families, classes: classesOf(families.get(`${DURATION}_bucket`) ?? []), actions: actionsOf(families) };
    const last = samples.at(-1);
    // Fewer requests than before: it is another boot, and all counts are new.
    if (last && total(families, 'requests_total') < total(last.families, 'requests_total')) samples = [];
    now.gap = samples.length === 0 || lastAnswer !== 'serving';
    samples.push(now);
    samples = samples.filter(({ at }) => now.at - at <= (SPAN + 5) * 1000);
  }

  /** The growth a second of `value` between samples, as chart points. */
  function growth(value, known = samples) {
    const now = samples.at(-1).at;
    return known.slice(1).map((sample, index) => {
      const before = known[index];
      const grown = Math.max(0, value(sample) - value(before)) * 1000 / (sample.at - before.at);
      return [(now - sample.at) / 1000, sample.gap ? null : grown];
    });
  }
  const level = (value) => samples.map((sample) => [(samples.at(-1).at - sample.at) / 1000, value(sample)]);
  const peak = (...lines) => Math.max(0, ...lines.flat().map(([, value]) => value ?? 0));
  /** The newest sample at least `seconds` old, or the oldest. */
  const before = (seconds, known = samples) => known.findLast(({ at }) => samples.at(-1).at - at >= seconds * 1000 - 200) ?? known[0];
  function recently(value, known = samples) {
    const now = samples.at(-1), then = before(3, known);
    return now === then ? 0 : Math.max(0, value(now) - value(then)) * 1000 / (now.at - then.at);
  }

  // --- Drawing ----------------------------------------------------------------------------------------------------

  const of = (name) => (sample) => total(sample.families, name);

  function drawTiles() {
    const now = samples.at(-1), { families } = now;
    const runs = of('invocations_total');
    const line = growth(runs), most = peak(line);
    figure($('rate'), samples.length > 1 ? rate(recently(runs)) : '–');
    chart($('rateChart'), [line], most);
    const failed = labelled(families, 'invocations_total', 'outcome', 'failure');
    write($('runs'), `${count(runs(now))} since boot, ${count(failed)} failed, ${count(total(families, 'cold_starts_total'))} cold`);
    write($('ratePeak'), most > 0 ? `peak ${rate(most)}` : '');

    const last = since(now.classes, before(RECENT).classes);
    const looked = Math.max(1, Math.round((now.at - before(RECENT).at) / 1000)), isMinute = looked >= RECENT - 1;
    const isRecent = sum(last) > 0;
    const shown = isRecent ? last : now.classes;
    for (const part of [50, 90, 99]) figure($(`p${part}`), percentile(shown, part / 100));
    bars($('classes'), shown);
    write($('latencySpan'), isRecent ? `${plural(sum(last), 'invocation', 'invocations')} in the last ${isMinute ? 'minute' : age(looked)}`
      : sum(shown) > 0 ? `${plural(sum(shown), 'invocation', 'invocations')} since boot; none in the last ${isMinute ? 'minute' : age(looked)}` : 'None ran yet');

    const used = of('memory_used_bytes'), all = total(families, 'memory_bytes');
    figure($('memory'), `${bytes(used(now))} of ${bytes(all)}`);
    chart($('memoryChart'), [level(used)], all);
    write($('frames'), `${count(used(now) / 4096)} of ${count(all / 4096)} frames; heap ${bytes(total(families, 'heap_bytes'))}`);

    const waiting = level(of('queue_length'));
    figure($('queue'), `${count(total(families, 'queue_length'))} waiting`);
    chart($('queueChart'), [waiting], Math.max(4, peak(waiting)));
    write($('connections'), `${plural(total(families, 'connections'), 'connection', 'connections')}; ${count(total(families, 'rejected_requests_total'))} refused`);

    const into = of('network_received_frames_total'), out = of('network_sent_frames_total');
    const lines = [growth(into), growth(out)];
    figure($('network'), samples.length > 1 ? `${rate(recently(into))} in, ${rate(recently(out))} out` : '–');
    chart($('networkChart'), lines, peak(...lines));
    const [inBytes, outBytes] = ['network_received_bytes_total', 'network_sent_bytes_total'].map((name) => bytes(recently(of(name))));
    write($('bytes'), `${inBytes}/s in, ${outBytes}/s out; ${count(total(families, 'tcp_retransmitted_segments_total'))} sent again`);
  }

  const cell = (kind = '') => element('td', { class: kind });

  function makeAction({ name }) {
    const spark = element('td', { class: 'spark more' });
    spark.append(shape('svg', { viewBox: '0 0 120 40', preserveAspectRatio: 'none', 'aria-hidden': 'true' }));
    return element('tr', {}, element('th', { scope: 'row', title: name }, name), spark, cell('n'), cell('n'), cell('n mid'), cell('n'),
      cell('n mid'), cell('n more'), cell('n mid'), cell('n more'), cell('n more'));
  }
  function fillAction(row, { name, limit }) {
    const now = samples.at(-1).actions.get(name);
    const runs = (sample) => sample.actions.get(name)?.runs ?? 0;
    const known = samples.filter(({ isKeyed }) => isKeyed);
    const line = growth(runs, known);
    chart(row.cells[1].firstChild, [line], peak(line));
    [rate(recently(runs, known)), ...[0.5, 0.9, 0.99].map((part) => now ? percentile(now.classes, part) : '–'),
      count(now?.runs ?? 0), count(now?.cold ?? 0), count(now?.failed ?? 0),
      now?.runs ? bytes(now.pages * 4096 / now.runs) : '–', bytes(now?.limit || limit)].forEach((text, index) => write(row.cells[index + 2], text));
    row.cells[8].className = now?.failed ? 'n mid bad' : 'n mid';
  }

  function makeActivation(item) {
    if (item.isDetail) {
      const row = element('tr', { class: 'detail' }, element('td', { colspan: 7 }, element('pre', { tabindex: 0, 'aria-label': 'Result and log' }, 'Asking the kernel')));
      return row;
    }
    const button = element('button', { type: 'button', 'aria-expanded': 'false', title: 'Show the result and the log' }, item.name);
    button.addEventListener('click', () => toggle(item.activationId));
    return element('tr', {}, cell(), element('td', { class: 'name' }, button), cell('n'), cell('n mid'), cell('mid'), cell(), element('td', { class: 'more name soft' }, item.activationId));
  }
  function fillActivation(row, item) {
    if (item.isDetail) {
      write(row.querySelector('pre'), details.get(item.activationId));
      return;
    }
    const note = (name) => item.annotations?.find(({ key }) => key === name)?.value;
    const path = note('path')?.split('/').slice(1).join('/') || item.name;
    const began = new Date(item.start);
    write(row.cells[0], began.toLocaleTimeString(undefined, { hour12: false }));
    row.cells[0].title = began.toISOString();
    write(row.cells[1].firstChild, path);
    row.cells[1].firstChild.setAttribute('aria-expanded', String(details.has(item.activationId)));
    const isCold = note('initTime') !== undefined, figures = note('swiftlet');
    write(row.cells[2], figures ? time(figures.run) : milliseconds(item.duration));
    write(row.cells[3], figures ? time(figures.queue) : milliseconds(note('waitTime')));
    write(row.cells[4], isCold ? 'cold' : 'warm');
    row.cells[4].className = isCold ? 'mid' : 'mid soft';
    write(row.cells[5], OUTCOMES[item.statusCode ?? 0] ?? '–');
    row.cells[5].className = item.statusCode ? 'bad' : 'soft';
  }

  async function toggle(id) {
    if (details.delete(id)) return drawLists();
    details.set(id, 'Asking the kernel');
    drawLists();
    try {
      const record = await (await get(`/api/v1/namespaces/_/activations/${id}`)).json();
      details.set(id, [JSON.stringify(record.response?.result, null, 2), ...record.logs ?? []].join('\n'));
    } catch {
      details.set(id, 'It is not kept any more, or the kernel does not answer.');
    }
    drawLists();
  }

  function drawLists() {
    const now = samples.at(-1);
    const deployed = now ? total(now.families, 'actions') : 0;
    const isOpen = key !== null && isKeyGood;
    $('locked').hidden = isOpen || !now;
    $('who').hidden = !isOpen;
    $('first').hidden = !now || (isOpen ? actionList.length : deployed) > 0;
    $('actions').hidden = !isOpen || actionList.length === 0;
    $('activations').hidden = !isOpen || (actionList.length === 0 && activationList.length === 0);
    if (!isOpen) return;
    const sorted = actionList.toSorted((a, b) => (now.actions.get(b.name)?.runs ?? 0) - (now.actions.get(a.name)?.runs ?? 0) || (a.name < b.name ? -1 : 1));
    write($('actionCount'), actionList.length < 200 ? count(actionList.length) : 'those deployed last');
    rows($('actionRows'), sorted, ({ name }) => name, makeAction, fillAction);
    const items = activationList.flatMap((item) => details.has(item.activationId) ? [item, { ...item, isDetail: true }] : [item]);
    rows($('activationRows'), items, ({ activationId, isDetail }) => activationId + (isDetail ? '+' : ''), makeActivation, fillActivation);
    write($('activationNote'), details.size > 0 ? 'held while one is open' : 'the newest');
    $('activations').querySelector('table').hidden = activationList.length === 0;
    $('noActivations').hidden = activationList.length > 0;
    write($('invokeCommand'), `${command('invoke')} ${actionList[0]?.name ?? 'NAME'}`);
  }

  const isUsual = location.host === '127.0.0.1:8080' || location.host === 'localhost:8080';
  const command = (words) => `swiftlet ${words}`;
  $('commands').textContent = [
    ...isUsual ? [] : [`export SWIFTLET_HOST=${location.origin}`],
    `${command('new')} hello --lang swift && cd hello`, command('deploy --public'), `${command('invoke')} hello -p name Ada`,
  ].join('\n');

  /** Says how the kernel is; the sentence changes only when that does, since screen readers read it out. */
  function say(state, text, more) {
    document.documentElement.dataset.state = state;
    write($('state'), text);
    write($('since'), more);
    lastAnswer = state;
  }

  // --- Asking -----------------------------------------------------------------------------------------------------

  async function askLists() {
    if (key === null) return;
    const now = samples.at(-1), previous = samples.at(-2);
    const isChanged = !previous || total(now.families, 'deployments_total') !== total(previous.families, 'deployments_total')
      || total(now.families, 'actions') !== total(previous.families, 'actions');
    if (isChanged || now.at - actionListAt > 10_000) {
      const list = await (await get('/api/v1/namespaces/_/actions?limit=200')).json();
      actionListAt = now.at;
      actionList = list.map(({ name, namespace, limits }) => {
        const inPackage = namespace.split('/').slice(1).join('/');
        return { name: inPackage ? `${inPackage}/${name}` : name, limit: (limits?.memory ?? 0) * 1024 ** 2 };
      });
    }
    // What is being read stays where it is.
    if (details.size === 0) activationList = await (await get('/api/v1/namespaces/_/activations?limit=20')).json();
  }

  async function ask() {
    if (isAsking || document.hidden) return;
    isAsking = true;
    clearTimeout(timer);
    let pause = 1000;
    try {
      const text = await (await get('/metrics')).text();
      if (key !== null && !isKeyGood) await acceptKey();
      keep(text);
      // A long text is asked for less often, so that looking costs the kernel little.
      pause += text.length / 64;
      await askLists();
      const uptime = total(samples.at(-1).families, 'uptime_seconds');
      say('serving', 'Serving', `for ${age(uptime)}`);
      document.title = `${rate(recently(of('invocations_total')))}/s – Swiftlet`;
      drawTiles();
      drawLists();
    } catch (error) {
      if (error instanceof Refused) {
        refuseKey();
        pause = 0;
      } else {
        sayGone(error);
      }
    }
    isAsking = false;
    timer = setTimeout(ask, pause);
  }

  function sayGone(error) {
    const last = samples.at(-1);
    const isStatus = error.message.startsWith('The kernel answers');
    say('gone', isStatus ? error.message : 'The kernel does not answer', last ? `since ${age((performance.now() - last.at) / 1000)}; asking on` : 'asking on');
    document.title = 'No answer – Swiftlet';
  }

  async function acceptKey() {
    const [name] = await (await get('/api/v1/namespaces')).json();
    sessionStorage.setItem(KEY, key);
    isKeyGood = true;
    write($('namespace'), name);
    $('key').value = '';
    write($('keyNote'), 'It stays in this tab.');
    $('keyNote').className = 'note';
  }

  function forgetKey() {
    sessionStorage.removeItem(KEY);
    key = null;
    isKeyGood = false;
    [actionList, activationList, actionListAt] = [[], [], -Infinity];
    details.clear();
    for (const sample of samples) [sample.isKeyed, sample.actions] = [false, new Map()];
  }

  function refuseKey() {
    forgetKey();
    drawLists();
    write($('keyNote'), 'The kernel refuses this key.');
    $('keyNote').className = 'note bad';
    $('key').focus();
  }

  $('keyForm').addEventListener('submit', (event) => {
    event.preventDefault();
    key = $('key').value;
    actionListAt = -Infinity;
    ask();
  });
  $('forget').addEventListener('click', () => {
    forgetKey();
    drawLists();
    $('key').focus();
  });
  document.addEventListener('visibilitychange', () => {
    if (lastAnswer === 'serving') lastAnswer = null;
    ask();
  });
  ask();
}
