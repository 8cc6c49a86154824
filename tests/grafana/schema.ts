// What a dashboard file may hold, for scripts/grafana_schema.py: the types of @grafana/schema, which say everything but
// what a data source asks. That part is ours: InfluxQL, as Grafana's InfluxDB data source reads it.

import type { Dashboard as Classic } from '@grafana/schema/dist/types/raw/dashboard/x/types.gen';
import type * as annotationslist from '@grafana/schema/dist/types/raw/composable/annotationslist/panelcfg/x/types.gen';
import type * as barchart from '@grafana/schema/dist/types/raw/composable/barchart/panelcfg/x/types.gen';
import type * as bargauge from '@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/types.gen';
import type * as candlestick from '@grafana/schema/dist/types/raw/composable/candlestick/panelcfg/x/types.gen';
import type * as canvas from '@grafana/schema/dist/types/raw/composable/canvas/panelcfg/x/types.gen';
import type * as dashboardlist from '@grafana/schema/dist/types/raw/composable/dashboardlist/panelcfg/x/types.gen';
import type * as gauge from '@grafana/schema/dist/types/raw/composable/gauge/panelcfg/x/types.gen';
import type * as geomap from '@grafana/schema/dist/types/raw/composable/geomap/panelcfg/x/types.gen';
import type * as heatmap from '@grafana/schema/dist/types/raw/composable/heatmap/panelcfg/x/types.gen';
import type * as histogram from '@grafana/schema/dist/types/raw/composable/histogram/panelcfg/x/types.gen';
import type * as logs from '@grafana/schema/dist/types/raw/composable/logs/panelcfg/x/types.gen';
import type * as news from '@grafana/schema/dist/types/raw/composable/news/panelcfg/x/types.gen';
import type * as nodegraph from '@grafana/schema/dist/types/raw/composable/nodegraph/panelcfg/x/types.gen';
import type * as piechart from '@grafana/schema/dist/types/raw/composable/piechart/panelcfg/x/types.gen';
import type * as stat from '@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen';
import type * as statetimeline from '@grafana/schema/dist/types/raw/composable/statetimeline/panelcfg/x/types.gen';
import type * as statushistory from '@grafana/schema/dist/types/raw/composable/statushistory/panelcfg/x/types.gen';
import type * as table from '@grafana/schema/dist/types/raw/composable/table/panelcfg/x/types.gen';
import type * as text from '@grafana/schema/dist/types/raw/composable/text/panelcfg/x/types.gen';
import type * as timeseries from '@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen';
import type * as trend from '@grafana/schema/dist/types/raw/composable/trend/panelcfg/x/types.gen';
import type * as xychart from '@grafana/schema/dist/types/raw/composable/xychart/panelcfg/x/types.gen';

export interface Source {
  type?: string;
  uid: string;
}

/** A query. What stands behind `resultFormat` is what Grafana's query editor leaves in copies that people save. */
export interface Query {
  refId: string;
  datasource?: Source;
  query: string;
  rawQuery: boolean;
  resultFormat: 'time_series' | 'table' | 'logs';
  alias?: string;
  hide?: boolean;
  measurement?: string;
  policy?: string;
  orderByTime?: string;
  tz?: string;
  limit?: string | number;
  slimit?: string | number;
  adhocFilters?: unknown[];
  groupBy?: unknown[];
  select?: unknown[];
  tags?: unknown[];
}

/** The target of an annotation, as Grafana's InfluxDB data source migrates it. */
export interface Mark {
  refId?: string;
  name?: string;
  query: string;
  queryType: 'tags';
  fromAnnotations: true;
  textColumn: string;
  tagsColumn: string;
  timeEndColumn?: string;
  titleColumn?: string;
}

/** A link behind a value. */
export interface DataLink {
  title: string;
  url: string;
  targetBlank?: boolean;
  oneClick?: boolean;
}

/** What belongs to a kind of panel: its options, and its settings for a field. */
export interface Panels {
  annolist: { options: annotationslist.Options };
  barchart: { options: barchart.Options; custom: barchart.FieldConfig };
  bargauge: { options: bargauge.Options };
  candlestick: { options: candlestick.Options; custom: candlestick.FieldConfig };
  canvas: { options: canvas.Options };
  dashlist: { options: dashboardlist.Options };
  gauge: { options: gauge.Options };
  geomap: { options: geomap.Options };
  heatmap: { options: heatmap.Options; custom: heatmap.FieldConfig };
  histogram: { options: histogram.Options; custom: histogram.FieldConfig };
  logs: { options: logs.Options };
  news: { options: news.Options };
  nodeGraph: { options: nodegraph.Options };
  piechart: { options: piechart.Options; custom: piechart.FieldConfig };
  stat: { options: stat.Options };
  'state-timeline': { options: statetimeline.Options; custom: statetimeline.FieldConfig };
  'status-history': { options: statushistory.Options; custom: statushistory.FieldConfig };
  table: { options: table.Options; custom: table.FieldConfig };
  text: { options: text.Options };
  timeseries: { options: timeseries.Options; custom: timeseries.FieldConfig };
  trend: { options: trend.Options; custom: trend.FieldConfig };
  xychart: { options: xychart.Options; custom: xychart.FieldConfig };
}

export interface Schemas {
  dashboard: Classic;
  query: Query;
  mark: Mark;
  link: DataLink;
  panels: Panels;
}
