pub mod quantile;
