import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram, Registry as PromRegistry } from 'prom-client';
import type { MetricName } from './catalog.ts';
import { METRICS } from './catalog.ts';

type Labels = Readonly<Record<string, string>>;

/** The metrics of the catalog by name; nothing else can be counted. */
export interface Instruments {
  readonly registry: Registry;
  readonly count: (name: MetricName, labels: Labels, by?: number) => void;
  readonly observe: (name: MetricName, labels: Labels, value: number) => void;
  readonly set: (name: MetricName, labels: Labels, value: number) => void;
  /** Forgets what a gauge said, so that a state that no longer occurs does not stay. */
  readonly clear: (name: MetricName) => void;
}

export function createInstruments(): Instruments {
  const registry = new PromRegistry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const [name, metric] of Object.entries(METRICS)) {
    const shared = { name, help: metric.help, labelNames: 'labels' in metric ? [...metric.labels] : [], registers: [registry] };
    if (metric.type === 'counter') counters.set(name, new Counter(shared));
    else if (metric.type === 'gauge') gauges.set(name, new Gauge(shared));
    else histograms.set(name, new Histogram({ ...shared, buckets: [...metric.buckets] }));
  }
  for (const [name, gauge] of gauges) forget(name, gauge);
  return {
    registry,
    count: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    clear: (name) => forget(name, gauges.get(name)),
  };
}

/** A gauge without labels is born as 0 and reset to 0, which is a statement: a token that expires now, for one. Absent is what nobody knows. */
function forget(name: string, gauge: Gauge | undefined): void {
  if (LABELLED.has(name)) gauge?.reset();
  else gauge?.remove();
}

const LABELLED: ReadonlySet<string> = new Set(Object.entries(METRICS).flatMap(([name, metric]) => ('labels' in metric ? [name] : [])));
