-- Tables of the old system. The schema itself belongs to role legacy_writer and exists beforehand.
CREATE TABLE IF NOT EXISTS legacy.market_data (
    symbol      text COLLATE "C" NOT NULL,
    timestamp   timestamptz NOT NULL,
    data_source text COLLATE "C" NOT NULL,  -- polygon, yahoo (raw) or yahoo_adjusted
    open        numeric(15, 4),
    high        numeric(15, 4),
    low         numeric(15, 4),
    close       numeric(15, 4),
    volume      bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (symbol, timestamp, data_source)
);

CREATE TABLE IF NOT EXISTS legacy.technical_indicators (
    symbol           text COLLATE "C" NOT NULL,
    date             date NOT NULL,
    sma_20           double precision,
    sma_50           double precision,
    sma_200          double precision,
    ema_12           double precision,
    ema_26           double precision,
    ema_50           double precision,
    rsi_14           double precision,
    macd_line        double precision,
    macd_signal      double precision,
    macd_histogram   double precision,
    bb_upper         double precision,
    bb_middle        double precision,
    bb_lower         double precision,
    bb_position      double precision,
    bb_width         double precision,
    volatility_20    double precision,
    price_change_1d  double precision,
    price_change_5d  double precision,
    price_change_30d double precision,
    avg_volume_20    double precision,
    current_volume   bigint,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (symbol, date)
);

CREATE TABLE IF NOT EXISTS legacy.technical_indicators_latest (
    LIKE legacy.technical_indicators INCLUDING DEFAULTS,
    PRIMARY KEY (symbol)
);

CREATE TABLE IF NOT EXISTS legacy.load_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job         text NOT NULL,
    symbol      text COLLATE "C" NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    status      text NOT NULL CHECK (status IN ('ok', 'failed', 'empty')),
    rows        bigint NOT NULL,
    message     text
);
